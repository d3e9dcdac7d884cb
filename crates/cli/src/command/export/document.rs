use std::io;

use tasktrail::task_history::{Finish, TaskKey};
use tasktrail::{ExportedItem, ExportedTask};

/// A format that is being written.
pub(super) trait Document {
    /// Writes what comes before the first task.
    fn begin(&mut self) -> io::Result<()>;

    /// Writes a task's beginning or an entry of it.
    fn item(&mut self, item: &ExportedItem) -> io::Result<()>;

    /// Writes what comes behind the last task, and gives away what was held back.
    fn end(&mut self) -> io::Result<()>;
}

/// A task in formats that tell of its finish behind its entries.
#[derive(Debug, Default)]
pub(super) struct Trail {
    finish: Option<(TaskKey, Finish)>,
    /// How many entries of it there were so far.
    pub(super) entries: u64,
}

impl Trail {
    /// The next task begins. Gives the finish of the one before it.
    pub(super) fn begin(&mut self, task: &ExportedTask) -> Option<(TaskKey, Finish)> {
        let next = Self {
            finish: task.finish.map(|finish| (task.task.clone(), finish)),
            entries: 0,
        };
        std::mem::replace(self, next).finish
    }

    /// The last task has ended. Gives its finish.
    pub(super) fn end(&mut self) -> Option<(TaskKey, Finish)> {
        std::mem::take(self).finish
    }
}
