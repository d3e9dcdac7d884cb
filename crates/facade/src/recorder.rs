//! Records with the current time and new entry ids.

use std::sync::Arc;

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::Clock;
use tasktrail_domain::id::IdGenerator;
use tasktrail_domain::repository::Result;
use tasktrail_domain::task_history::{
    CancelOutcome, FinalStatus, FinishOutcome, HistoryEntry, SavedBatch, StepNumber,
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus, TaskStepResult,
};

use crate::NewEntry;

/// Records in a task history with the current time and new entry ids.
pub(crate) struct Recorder<'r> {
    pub(crate) task_history: Arc<dyn TaskHistoryRepository + 'r>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
}

impl Recorder<'_> {
    pub(crate) async fn save(
        &self,
        task: &TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Result<TaskStatus> {
        let entry = HistoryEntry::record(&*self.clock, &*self.ids, task.clone(), step, step_result);
        self.task_history.save(&entry).await
    }

    pub(crate) async fn save_batch(
        &self,
        entries: impl IntoIterator<Item = NewEntry> + Send,
    ) -> Result<SavedBatch> {
        let now = self.clock.now();
        let entries: Vec<_> = entries
            .into_iter()
            .map(|new| {
                let id = self.ids.next(now).into();
                HistoryEntry::new(id, new.task, new.step, new.step_result, now)
            })
            .collect();
        self.task_history.save_batch(&entries).await
    }

    pub(crate) async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
    ) -> Result<FinishOutcome> {
        self.task_history
            .finish(task, status, self.clock.now())
            .await
    }

    pub(crate) async fn cancel(&self, task: &TaskKey) -> Result<CancelOutcome> {
        self.task_history.cancel(task, self.clock.now()).await
    }
}
