//! The task history, guarded.

use async_trait::async_trait;
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListCursor,
    RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter,
    TaskHistoryRepository, TaskKey, TaskStatus, TaskSummary, TrailCursor, UserId, operation,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::{Guarded, Policy};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: TaskHistoryRepository, P: Policy> TaskHistoryRepository for Guarded<R, P> {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        let attempt = || self.repository.save(entry);
        self.policy.run(operation::SAVE, attempt).await
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        let attempt = || self.repository.save_batch(entries);
        self.policy.run(operation::SAVE_BATCH, attempt).await
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        let attempt = || self.repository.load(task, page);
        self.policy.run(operation::LOAD, attempt).await
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        let attempt = || self.repository.trail(task, page);
        self.policy.run(operation::TRAIL, attempt).await
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        let attempt = || self.repository.status(task);
        self.policy.run(operation::STATUS, attempt).await
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        let attempt = || self.repository.finish(task, status, at);
        self.policy.run(operation::FINISH, attempt).await
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        let attempt = || self.repository.finish_batch(finishes);
        self.policy.run(operation::FINISH_BATCH, attempt).await
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        let attempt = || self.repository.list(user, filter, page);
        self.policy.run(operation::LIST, attempt).await
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        let attempt = || self.repository.count(scope);
        self.policy.run(operation::COUNT, attempt).await
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        let attempt = || self.repository.expired(policy);
        self.policy.run(operation::EXPIRED, attempt).await
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult> {
        let attempt = || self.repository.remove_expired(policy, batch);
        self.policy.run(operation::REMOVE_EXPIRED, attempt).await
    }
}
