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

    /// Leases a connection and does `work` with it, on behalf of `operation`.
    async fn run<T, W, F>(&self, operation: Operation, work: W) -> Result<T>
    where
        W: FnOnce(Lease) -> F,
        F: Future<Output = std::result::Result<T, StoreError>>,
    {
        let attempt = async { work(self.pool.acquire().await.map_err(StoreError::Acquire)?).await };
        attempt.await.map_err(|error| error.during(operation))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskHistoryRepository for PostgresTaskHistory {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        self.run(operation::SAVE, async move |mut lease| {
            save::one(&mut lease, entry).await
        })
        .await
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        self.run(operation::SAVE_BATCH, async move |mut lease| {
            save::batch(&mut lease, entries).await
        })
        .await
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        self.run(operation::LOAD, async move |mut lease| {
            load::steps(&mut lease, task, page).await
        })
        .await
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailPosition>,
    ) -> Result<Page<HistoryEntry, TrailPosition>> {
        self.run(operation::TRAIL, async move |mut lease| {
            load::trail(&mut lease, task, page).await
        })
        .await
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        self.run(operation::STATUS, async move |mut lease| {
            load::status(&mut lease, task).await
        })
        .await
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        self.run(operation::FINISH, async move |mut lease| {
            finish::finish(&mut lease, task, status, at).await
        })
        .await
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        self.run(operation::LIST, async move |mut lease| {
            list::page(&mut lease, user, filter, page).await
        })
        .await
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        self.run(operation::COUNT, async move |mut lease| {
            count::count(&mut lease, scope).await
        })
        .await
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<Expired> {
        self.run(operation::EXPIRED, async move |mut lease| {
            retention::expired(&mut lease, policy).await
        })
        .await
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalBatch,
    ) -> Result<Removal> {
        self.run(operation::REMOVE_EXPIRED, async move |mut lease| {
            retention::remove(&mut lease, policy, batch).await
        })
        .await
    }
}
