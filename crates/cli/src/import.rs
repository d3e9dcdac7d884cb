//! Reads files of recorded step results and saves each of their lines once.
//!
//! A file holds one JSON object a line, each a step result as it was saved, in the order in which
//! it happened:
//!
//! ```json
//! {"user_id": "…", "task_id": "…", "step": 0, "recorded_at": "2026-01-31T12:00:00Z", "step_result": {…}}
//! ```
//!
//! `step_result` is the document of seven keys of
//! [`TaskStepResult`](tasktrail::task_history::TaskStepResult); `recorded_at` may be left out. The
//! identity of the save is its `entry_id`, if the line has one; else it follows from the line and from
//! how often it came before in its file. So a file may be imported again, after an interruption or
//! grown longer, and nothing is saved twice.
//!
//! A line may also tell how a task was finished:
//!
//! ```json
//! {"user_id": "…", "task_id": "…", "finish": {"status": "cancelled", "at": "2026-01-31T12:00:00Z"}}
//! ```
//!
//! The next lines are read while the last ones are saved, and memory is bounded by a few thousand
//! of them, however long the file is.

mod batch;
mod chunk;
mod error;
mod finishing;
mod identity;
mod importer;
mod lines;
mod options;
mod reader;
mod record;
mod report;
mod source;
mod watch;

pub use self::error::{BadLine, ImportError};
pub use self::importer::Importer;
pub use self::options::{BadLines, ImportOptions, Unstorable};
pub use self::report::ImportReport;
pub use self::source::Source;
pub use self::watch::ImportWatch;
