use clap::Args;
use tasktrail::orchestration::{Attempt, AttemptKey};
use tasktrail::{TaskId, TaskKey};

use crate::args::{ActorArgs, OwnerArgs};

/// The arguments that identify a task.
#[derive(Debug, Args)]
pub(super) struct TaskArgs {
    /// ID of the task.
    pub(super) task: TaskId,

    #[command(flatten)]
    pub(super) owner: OwnerArgs,
}

impl TaskArgs {
    pub(super) fn key(&self) -> TaskKey {
        TaskKey {
            user: self.owner.owner.clone(),
            task: self.task.clone(),
        }
    }
}

/// The arguments that identify an attempt at a task.
#[derive(Debug, Args)]
pub(super) struct AttemptArgs {
    /// ID of the task.
    pub(super) task: TaskId,

    /// Number of the attempt, which the claim printed.
    pub(super) attempt: Attempt,

    #[command(flatten)]
    pub(super) owner: OwnerArgs,

    #[command(flatten)]
    pub(super) actor: ActorArgs,
}

impl AttemptArgs {
    pub(super) fn key(&self) -> AttemptKey {
        let user = self.owner.owner.clone();
        let task = self.task.clone();
        AttemptKey::new(TaskKey { user, task }, self.attempt)
    }
}
