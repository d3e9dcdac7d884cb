//! The task history in PostgreSQL.

mod batched_calls;
mod count;
mod explain;
mod export;
mod finish;
mod finish_batch;
mod group_commit;
mod list;
mod list_all;
mod load;
mod operations;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod plans_of_all;
#[cfg(test)]
mod plans_of_one_user;
#[cfg(test)]
mod prepared_once;
mod retention;
mod row;
mod save;
mod status_checks;
mod statuses;
mod summary;

use std::sync::Arc;

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::task_history::{
    Counts, ExpiredCounts, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListAllCursor,
    ListCursor, RemovalLimits, RemovalResult, RetentionPolicy, SavedBatch, Scope, StepNumber,
    TaskFilter, TaskHistoryRepository, TaskStatus, TaskSummary, TrailCursor, operation,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::source::{NoTransaction, Source};

pub(crate) use self::batched_calls::BatchedCalls;
pub(crate) use self::count::UserRange;
pub use self::explain::{
    ChosenTask, ExplainRequest, ExplainedOperation, ExplainedStatement, Explanation, PlanAccess,
    PlanVerdict,
};
pub use self::export::{
    Export, ExportAmount, ExportError, ExportSelection, ExportedItem, ExportedTask,
};
pub(crate) use self::finish_batch::finish_open;
pub use self::group_commit::GroupCommitStatistics;

/// A [`TaskHistoryRepository`] that stores task histories in PostgreSQL.
///
/// The repository of a [`PostgresDatabase`](crate::PostgresDatabase) uses a connection of its pool for
/// each call. [`in_transaction`](Self::in_transaction) creates one that runs in your transaction.
#[derive(Debug)]
pub struct PostgresTaskHistory<'c> {
    source: Source<'c>,
    /// `None` if calls are not batched.
    batched: Option<Arc<BatchedCalls>>,
}

impl PostgresTaskHistory<'_> {
    pub(crate) fn new(
        source: Source<'static>,
        batched: Option<Arc<BatchedCalls>>,
    ) -> PostgresTaskHistory<'static> {
        PostgresTaskHistory { source, batched }
    }

    /// Runs the history in your transaction on `connection`. Its writes become visible together with
    /// your own rows when the transaction commits, and are undone if it is rolled back.
    ///
    /// The contract of the port applies, with these additions: a result is final only when the
    /// transaction commits, a task that was written remains locked until then, and after an error of
    /// the server (but not after a `Conflict`) the transaction can only be rolled back. Calls run one
    /// after the other. There is no pool, no standby, and no retry: to retry, repeat the whole
    /// transaction. Other saves of a task that is written here wait for the transaction, up to the
    /// [lock timeout](crate::PostgresConfig::with_lock_timeout). Saves of other tasks do not wait.
    ///
    /// Do not commit after a statement has failed, also one of yours: the server rolls back instead, and
    /// diesel-async does not report that. `DatabaseManager::transaction` of the crate `tasktrail` does,
    /// and has a connection, a time limit and metrics.
    ///
    /// With an isolation level above read committed, a transaction does not see the entries of a
    /// partition that is replaced between its first statement and its first read of the history. If
    /// you drop partitions, start such a transaction with
    /// `LOCK TABLE task_history, task_summary IN ACCESS SHARE MODE`.
    ///
    /// The tables are found through the search path of the connection. Set it to the
    /// [schema of the store](crate::PostgresConfig::with_schema), unless that is `public`.
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if no transaction is open. Begin it through diesel-async: it does not know
    /// about a transaction that you started with `BEGIN`, and a batch would commit that.
    ///
    /// # Cancel safety
    ///
    /// If you drop a call, the transaction is broken: later calls and the commit fail. Drop the
    /// connection to roll the transaction back.
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
            batched: None,
        })
    }

    /// Returns the query plans of an operation's statements on the live data. Statements that write
    /// are never executed.
    ///
    /// The statements are planned for the values at hand, with the settings of the pool's sessions. A
    /// service plans each statement once, for all values.
    ///
    /// # Errors
    ///
    /// The same as for the operation itself.
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
        match &self.batched {
            Some(batched) => batched.saves.call(entry).await,
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
        match &self.batched {
            Some(batched) => batched.status_checks.call(task).await,
            None => self.run(operations::Status(task)).await,
        }
    }

    async fn summary(&self, task: &TaskKey) -> Result<Option<TaskSummary>> {
        self.run(operations::Summary(task)).await
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

    async fn list_all(
        &self,
        users: &UserPrefix,
        filter: &TaskFilter,
        page: &PageRequest<ListAllCursor>,
    ) -> Result<Page<TaskSummary, ListAllCursor>> {
        self.run(operations::ListAll(users, filter, page)).await
    }

    async fn users(
        &self,
        prefix: &UserPrefix,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId, UserId>> {
        self.run(operations::Users(prefix, page)).await
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
