//! The task history in memory.

mod list_index;
mod store;
mod task;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tasktrail_domain::repository::{Effect, ErrorKind, Page, PageRequest, RepositoryError, Result};
use tasktrail_domain::task_history::{
    Counts, EntryConflict, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry,
    ListCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber,
    TaskFilter, TaskHistoryRepository, TaskKey, TaskStatus, TaskSummary, TrailCursor, UserId,
    operation,
};
use tasktrail_domain::timestamp::Timestamp;

use self::store::Store;

/// A [`TaskHistoryRepository`] in memory. Clones share what is in it.
#[derive(Clone, Default)]
pub struct InMemoryTaskHistory {
    // A std mutex: it is held for a moment and never across an await, so each method is atomic.
    store: Arc<Mutex<Store>>,
}

impl InMemoryTaskHistory {
    /// An empty repository.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic while it was held can only have come from a failed allocation.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for InMemoryTaskHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryTaskHistory")
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskHistoryRepository for InMemoryTaskHistory {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        self.store().save(entry).map_err(|conflict| {
            RepositoryError::new(operation::SAVE, ErrorKind::Conflict, Effect::NotApplied)
                .with_source(conflict)
        })
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        self.store()
            .save_batch(entries)
            .map_err(|conflict: EntryConflict| {
                RepositoryError::new(
                    operation::SAVE_BATCH,
                    ErrorKind::Conflict,
                    Effect::NotApplied,
                )
                .with_source(conflict)
            })
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        Ok(self.store().load(task, page))
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        Ok(self.store().trail(task, page))
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.store().status(task))
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        Ok(self.store().finish(task, status, at))
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        let mut store = self.store();
        let each = finishes.iter();
        Ok(each
            .map(|(task, finish)| store.finish(task, finish.status, finish.at))
            .collect())
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        Ok(self.store().list(user, filter, page))
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        Ok(self.store().count(scope))
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        Ok(self.store().expired(policy))
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult> {
        Ok(self.store().remove_expired(policy, batch))
    }
}
