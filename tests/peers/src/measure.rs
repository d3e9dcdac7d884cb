//! Everybody who is measured, each in a file.

pub(crate) mod diesel_async;
pub(crate) mod durare;
pub(crate) mod import;
pub(crate) mod original;
pub(crate) mod ours;
pub(crate) mod pgbench;
pub(crate) mod through_library;
pub(crate) mod tokio_postgres;

use crate::case::Case;
use crate::figures::Figures;

/// What came of one measurement, which may be several cases.
pub(crate) type Measured = Vec<(Case, Figures)>;

/// Our tables.
pub(crate) const TABLES: &str = "task_history, task_summary";
