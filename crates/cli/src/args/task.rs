use clap::Args;
use tasktrail::task_history::{TaskId, TaskKey, UserId};

/// The task that a command is about.
#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    /// Whose task.
    user: UserId,

    /// Which task of the user.
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
