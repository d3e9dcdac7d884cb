//! The task history on PostgreSQL.

mod count;
mod explain;
mod export;
mod fingerprint;
mod finish;
mod finish_batch;
mod group_commit;
mod list;
mod load;
mod operations;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod plans_of_one_user;
#[cfg(test)]
mod prepared_once;
mod retention;
mod row;
mod save;
mod shared_calls;
mod status_checks;

use std::sync::Arc;

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListCursor,
    RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber, TaskFilter,
    TaskHistoryRepository, TaskKey, TaskStatus, TaskSummary, TrailCursor, UserId, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::source::{NoTransaction, Source};

pub use self::explain::{
    ChosenTask, ExplainRequest, ExplainedOperation, ExplainedStatement, Explanation,
};
pub use self::export::{
    Export, ExportAmount, ExportError, ExportSelection, ExportedItem, ExportedTask,
};
pub use self::fingerprint::operation_of;
pub use self::group_commit::GroupCommitStatistics;
pub(crate) use self::shared_calls::SharedCalls;

/// A [`TaskHistoryRepository`] on PostgreSQL.
///
/// That of a [`PostgresDatabase`](crate::PostgresDatabase) takes a connection from its pool for each
/// call; [`in_transaction`](Self::in_transaction) is one that works inside a transaction of the caller.
#[derive(Debug)]
pub struct PostgresTaskHistory<'c> {
    source: Source<'c>,
    /// The calls that share statements, unless each goes by itself.
    shared: Option<Arc<SharedCalls>>,
}

impl PostgresTaskHistory<'_> {
    pub(crate) fn new(
        source: Source<'static>,
        shared: Option<Arc<SharedCalls>>,
    ) -> PostgresTaskHistory<'static> {
        PostgresTaskHistory { source, shared }
    }

    /// The history inside the caller's transaction on `connection`: what is saved and finished here
    /// becomes visible with the caller's own rows when the transaction commits, and is gone if it is
    /// rolled back.
    ///
    /// The contract of the port holds, with what a transaction adds to it: an answer is final when the
    /// transaction is, a task that was written stays locked until then, and after an error of the
    /// server (not after a `Conflict`) the transaction can only be rolled back. Calls take turns. There
    /// is no pool, no standby and no policy: what to repeat is the caller's decision, and it is the
    /// whole transaction. Saves of a task that is written here wait until the transaction ends, for as long as
    /// [a write waits](crate::PostgresConfig::with_lock_timeout); those of other tasks do not.
    ///
    /// A transaction of a higher isolation level than read committed does not see the entries of a
    /// partition that is replaced between its first statement and its first read of the history. Where
    /// partitions are dropped, let `LOCK TABLE task_history, task_summary IN ACCESS SHARE MODE` be its first
    /// statement.
    ///
    /// The tables are found by the search path of the connection: set it to the
    /// [schema of the store](crate::PostgresConfig::with_schema), unless that is `public`.
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if none is open that was begun through diesel-async. One that was begun by a
    /// `BEGIN` of the caller is not known to it, and a batch here would commit it.
    ///
    /// # Cancel safety
    ///
    /// A dropped call breaks the transaction: later calls fail, and so does its commit. The connection is to
    /// be given up then, which rolls it back.
    ///
    /// ```no_run
    /// use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
    /// use tasktrail_domain::task_history::{HistoryEntry, TaskHistoryRepository};
    /// use tasktrail_postgres::PostgresTaskHistory;
    ///
    /// async fn pay(
    ///     connection: &mut AsyncPgConnection,
    ///     entry: &HistoryEntry,
    /// ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     connection
    ///         .transaction(async |connection| {
    ///             diesel::sql_query("UPDATE invoice SET paid = true WHERE id = 7")
    ///                 .execute(connection)
    ///                 .await?;
    ///             PostgresTaskHistory::in_transaction(connection)?.save(entry).await?;
    ///             Ok(())
    ///         })
    ///         .await
    /// }
    /// ```
    pub fn in_transaction(
        connection: &mut AsyncPgConnection,
    ) -> std::result::Result<PostgresTaskHistory<'_>, NoTransaction> {
        let source = Source::joining(connection)?;
        Ok(PostgresTaskHistory {
            source,
            shared: None,
        })
    }

    /// The plans of the statements that an operation of the port runs, on the live data. Writes are never
    /// executed.
    ///
    /// They are planned with the settings of the pool's sessions, for these values; a service plans each
    /// statement once, for all values.
    ///
    /// # Errors
    ///
    /// As for the operation itself.
    pub async fn explain(&self, request: &ExplainRequest) -> Result<Explanation> {
        self.run(explain::Explaining(request)).await
    }

    async fn run<W: PgOperation>(&self, work: W) -> Result<W::Output> {
        let result = self.source.run(&work).await;
        result.map_err(|error| error.during(W::OPERATION))
    }

    async fn write<W: PgOperation>(
        &self,
        work: impl Fn(LockWait) -> W + Send + Sync,
    ) -> Result<W::Output> {
        let result = self.source.write(work).await;
        result.map_err(|error| error.during(W::OPERATION))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskHistoryRepository for PostgresTaskHistory<'_> {
    async fn save(&self, entry: &HistoryEntry) -> Result<TaskStatus> {
        match &self.shared {
            Some(shared) => shared.saves.call(entry).await,
            None => self.write(|wait| operations::Save(entry, wait)).await,
        }
    }

    async fn save_batch(&self, entries: &[HistoryEntry]) -> Result<SavedBatch> {
        // Batches with the same entries in another order begin with another one.
        let first = entries.first().map(|entry| entry.id.as_uuid());
        let spread = first.map_or(0, |id| id.as_bytes().last().copied().unwrap_or_default());
        let batch = |wait| operations::SaveBatch(entries, wait);
        let saved = self.source.write_batch(spread, batch).await;
        saved.map_err(|error| error.during(operation::SAVE_BATCH))
    }

    async fn load(
        &self,
        task: &TaskKey,
        page: &PageRequest<StepNumber>,
    ) -> Result<Page<HistoryEntry, StepNumber>> {
        self.run(operations::Load(task, page)).await
    }

    async fn trail(
        &self,
        task: &TaskKey,
        page: &PageRequest<TrailCursor>,
    ) -> Result<Page<HistoryEntry, TrailCursor>> {
        self.run(operations::Trail(task, page)).await
    }

    async fn status(&self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        match &self.shared {
            Some(shared) => shared.status_checks.call(task).await,
            None => self.run(operations::Status(task)).await,
        }
    }

    async fn finish(
        &self,
        task: &TaskKey,
        status: FinalStatus,
        at: Timestamp,
    ) -> Result<FinishOutcome> {
        self.write(|wait| operations::Finish(task, status, at, wait))
            .await
    }

    async fn finish_batch(&self, finishes: &[(TaskKey, Finish)]) -> Result<Vec<FinishOutcome>> {
        // Batches lock in one order, so it does not matter when one begins again.
        let batch = |wait| operations::FinishBatch(finishes, wait);
        let outcomes = self.source.write_batch(0, batch).await;
        outcomes.map_err(|error| error.during(operation::FINISH_BATCH))
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<ListCursor>,
    ) -> Result<Page<TaskSummary, ListCursor>> {
        self.run(operations::List(user, filter, page)).await
    }

    async fn count(&self, scope: &Scope) -> Result<Counts> {
        self.run(operations::Count(scope)).await
    }

    async fn expired(&self, policy: &RetentionPolicy) -> Result<ExpiredCounts> {
        self.run(operations::Expired(policy)).await
    }

    async fn remove_expired(
        &self,
        policy: &RetentionPolicy,
        batch: &RemovalLimits,
    ) -> Result<RemovalResult> {
        self.run(operations::RemoveExpired(policy, batch)).await
    }
}
