//! The measured programs, one per module.

pub(crate) mod diesel_async;
pub(crate) mod durare;
pub(crate) mod import;
pub(crate) mod original;
pub(crate) mod ours;
pub(crate) mod pgbench;
pub(crate) mod river;
pub(crate) mod through_library;
pub(crate) mod tokio_postgres;

use crate::case::Case;
use crate::figures::Figures;

/// The result of one measurement, with one or several cases.
pub(crate) type Measured = Vec<(Case, Figures)>;

/// Tasktrail's tables.
pub(crate) const TABLES: &str = "task_history, task_summary";
