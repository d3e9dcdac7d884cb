//! What all ports share.
//!
//! # Rules of every port
//!
//! - One method is one atomic operation: all of it happens, or nothing.
//! - Dropping a call's future leaves all of it or nothing.
//! - Absence is an `Option` or an empty page, never an error.
//! - Instants and ids are arguments; a store has no clock of its own.
//! - Methods have no default bodies. A type that wraps a port denies `clippy::missing_trait_methods`.

mod close_report;
mod error;
mod operation;
mod page;

pub use close_report::CloseReport;
pub use error::{Effect, ErrorChain, ErrorKind, RepositoryError, Result};
pub use operation::Operation;
pub use page::{Page, PageRequest, PageSize};
