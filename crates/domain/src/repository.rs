//! Errors, operations and pages, which all ports share.
//!
//! # Rules of every port
//!
//! - Each method is one atomic operation: it is applied completely or not at all, also if its
//!   future is dropped.
//! - A missing value is a `None` or an empty page, never an error.
//! - Instants and ids are arguments: a store has no clock of its own.
//! - Methods have no default bodies, so an implementation that forgets one does not compile.
//!
//! # Describing a port
//!
//! The signatures of a port are written once, in its trait. [`#[port]`](macro@port) derives the
//! names of its [operations](Operation), and its implementation for every wrapper that implements
//! [`Forward`].

mod close_report;
mod error;
mod forward;
mod operation;
mod page;

pub use close_report::CloseReport;
pub use error::{Effect, ErrorChain, ErrorKind, RepositoryError, Result};
pub use forward::Forward;
pub use operation::Operation;
pub use page::{Page, PageRequest, PageSize};
pub use tasktrail_port::port;
