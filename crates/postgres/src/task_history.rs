//! The task history on PostgreSQL.

mod count;
mod finish;
mod list;
mod load;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod prepared_once;
mod retention;
mod row;
mod save;

use async_trait::async_trait;
use tasktrail_domain::repository::{Operation, Page, PageRequest, Result};
use tasktrail_domain::task_history::{
    Counts, Expired, FinalStatus, FinishOutcome, HistoryEntry, ListCursor, Removal, RemovalBatch,
    RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter, TaskHistoryRepository, TaskKey,
    TaskStatus, TaskSummary, TrailPosition, UserId, operation,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::error::StoreError;
use crate::pool::{Lease, Pool};

/// A [`TaskHistoryRepository`] on PostgreSQL. Clones share the pool.
#[derive(Debug, Clone)]
pub struct PostgresTaskHistory {
    pool: Pool,
}

impl PostgresTaskHistory {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn lease(&self, operation: Operation) -> Result<Lease> {
        let lease = self.pool.acquire(operation).await;
        lease.map_err(|error| StoreError::Acquire(error).during(operation))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskHistoryRepository for PostgresTaskHistory {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        let mut lease = self.lease(operation::SAVE).await?;
        let result = save::one(&mut lease, entry).await;
        lease.conclude(result)
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        let mut lease = self.lease(operation::SAVE_BATCH).await?;
        let result = save::batch(&mut lease, entries).await;
        lease.conclude(result)
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        let mut lease = self.lease(operation::LOAD).await?;
        let result = load::steps(&mut lease, task, page).await;
        lease.conclude(result)
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailPosition>,
    ) -> Result<Page<HistoryEntry, TrailPosition>> {
        let mut lease = self.lease(operation::TRAIL).await?;
        let result = load::trail(&mut lease, task, page).await;
        lease.conclude(result)
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        let mut lease = self.lease(operation::STATUS).await?;
        let result = load::status(&mut lease, task).await;
        lease.conclude(result)
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        let mut lease = self.lease(operation::FINISH).await?;
        let result = finish::finish(&mut lease, task, status, at).await;
        lease.conclude(result)
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        let mut lease = self.lease(operation::LIST).await?;
        let result = list::page(&mut lease, user, filter, page).await;
        lease.conclude(result)
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        let mut lease = self.lease(operation::COUNT).await?;
        let result = count::count(&mut lease, scope).await;
        lease.conclude(result)
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<Expired> {
        let mut lease = self.lease(operation::EXPIRED).await?;
        let result = retention::expired(&mut lease, policy).await;
        lease.conclude(result)
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalBatch,
    ) -> Result<Removal> {
        let mut lease = self.lease(operation::REMOVE_EXPIRED).await?;
        let result = retention::remove(&mut lease, policy, batch).await;
        lease.conclude(result)
    }
}
