use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::task_history::{
    FinalStatus, HistoryEntry, TaskHistoryRepositoryExt, TaskStatus, TaskStepResultBuilder,
};

use crate::failure::Failure;

/// Records the steps of one task.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    manager: DatabaseManager,
    task: TaskKey,
}

impl Recorder {
    pub(super) fn new(manager: &DatabaseManager, task: TaskKey) -> Self {
        Self {
            manager: manager.clone(),
            task,
        }
    }

    /// Records a step result, and returns the status of the task after the save.
    pub(super) async fn step(
        &self,
        number: u16,
        result: TaskStepResultBuilder,
    ) -> Result<TaskStatus, Failure> {
        let saved = self
            .manager
            .save_task_history(&self.task, number.into(), result.build()?);
        Ok(saved.await?)
    }

    /// Finishes the task: no step follows, and its status does not change any more.
    pub(super) async fn finish(&self, status: FinalStatus) -> Result<(), Failure> {
        self.manager.finish_task(&self.task, status).await?;
        Ok(())
    }
}

/// Loads all revisions of all steps of a task.
pub(super) async fn trail(
    manager: &DatabaseManager,
    task: &TaskKey,
) -> Result<Vec<HistoryEntry>, Failure> {
    Ok(manager.task_history()?.trail_all(task).await?)
}
