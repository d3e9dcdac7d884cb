//! Imports files of recorded step results, and saves each line once.
//!
//! A file has one JSON object per line. Each object is a saved step result. The lines are in the
//! order in which the saves happened:
//!
//! ```json
//! {"user_id": "…", "task_id": "…", "step": 0, "recorded_at": "2026-01-31T12:00:00Z", "step_result": {…}}
//! ```
//!
//! `step_result` is the JSON form of [`TaskStepResult`](tasktrail::task_history::TaskStepResult),
//! with all seven keys. `recorded_at` is optional. The save is identified by the `entry_id` of the
//! line, if it has one. Otherwise, its ID is derived from the line and from the number of equal
//! lines before it in the file. So you can import a file again, after an interruption or after
//! lines were appended, and nothing is saved twice.
//!
//! A line can also contain the finish of a task:
//!
//! ```json
//! {"user_id": "…", "task_id": "…", "finish": {"status": "cancelled", "at": "2026-01-31T12:00:00Z"}}
//! ```
//!
//! The import reads ahead while it saves. Memory use is bounded by a few thousand lines,
//! independent of the length of the file.

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

pub use self::error::{ImportError, InvalidLine};
pub use self::importer::Importer;
pub use self::options::{ImportOptions, InvalidLines, Unstorable};
pub use self::report::ImportReport;
pub use self::source::Source;
pub use self::watch::ImportWatch;
