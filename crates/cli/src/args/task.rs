use clap::Args;
use tasktrail::{TaskId, TaskKey, UserId};

/// The arguments that identify one task.
#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    /// User that the task belongs to.
    user: UserId,

    /// ID of the task.
    task: TaskId,
}

impl TaskArgs {
    pub(crate) fn key(self) -> TaskKey {
        TaskKey {
            user: self.user,
            task: self.task,
        }
    }
}
