use std::io;

use tasktrail::TaskKey;
use tasktrail::task_history::Finish;
use tasktrail::{ExportedItem, ExportedTask};

/// A writer of one export format.
pub(super) trait Document {
    /// Writes the part before the first task.
    fn begin(&mut self) -> io::Result<()>;

    /// Writes the start of a task, or an entry of the current task.
    fn item(&mut self, item: &ExportedItem) -> io::Result<()>;

    /// Writes the part after the last task, and flushes.
    fn end(&mut self) -> io::Result<()>;
}

/// The current task, for formats that write its finish after its entries.
#[derive(Debug, Default)]
pub(super) struct Trail {
    finish: Option<(TaskKey, Finish)>,
    /// Number of its entries so far.
    pub(super) entries: u64,
}

impl Trail {
    /// Starts the next task. Returns the finish of the previous one.
    pub(super) fn begin(&mut self, task: &ExportedTask) -> Option<(TaskKey, Finish)> {
        let next = Self {
            finish: task.finish.map(|finish| (task.task.clone(), finish)),
            entries: 0,
        };
        std::mem::replace(self, next).finish
    }

    /// Ends the last task. Returns its finish.
    pub(super) fn end(&mut self) -> Option<(TaskKey, Finish)> {
        std::mem::take(self).finish
    }
}
