//! Agents, tasks, dispatch and the audit log in PostgreSQL.

mod agents;
mod audit_log;
mod closing;
mod definition_row;
mod dispatch;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod plans_of_all;
mod settling;
mod snapshot;
mod task_row;
mod tasks;
mod write_log;

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::Result;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::source::{NoTransaction, Source};

pub use self::snapshot::OrchestrationSnapshot;
use self::write_log::was_committed_meanwhile;

/// How often a write is repeated. Once is enough, unless tasks are removed at the same time.
const REPETITIONS: usize = 10;

/// The repositories of [orchestration](tasktrail_domain::orchestration) in PostgreSQL: agents, tasks,
/// dispatch and the audit log.
///
/// The one of a [`PostgresDatabase`](crate::PostgresDatabase) uses a connection of its pool for each
/// call. [`in_transaction`](Self::in_transaction) creates one that runs in your transaction.
#[derive(Debug)]
pub struct PostgresOrchestration<'c> {
    source: Source<'c>,
}

impl PostgresOrchestration<'_> {
    pub(crate) fn new(source: Source<'static>) -> PostgresOrchestration<'static> {
        PostgresOrchestration { source }
    }

    /// Runs the repositories in your transaction on `connection`, with the rules of
    /// [`PostgresTaskHistory::in_transaction`](crate::PostgresTaskHistory::in_transaction). Agents and
    /// tasks that were written remain locked until the transaction ends.
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if no transaction is open that diesel-async has begun.
    ///
    /// # Cancel safety
    ///
    /// If you drop a call, the transaction is broken: later calls and the commit fail. Drop the
    /// connection to roll the transaction back.
    pub fn in_transaction(
        connection: &mut AsyncPgConnection,
    ) -> std::result::Result<PostgresOrchestration<'_>, NoTransaction> {
        let source = Source::joining(connection)?;
        Ok(PostgresOrchestration { source })
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

    /// Writes, and again if another transaction committed the same write, or the same tasks, after
    /// this one began: it finds them then.
    async fn write_once<W: PgOperation>(
        &self,
        work: impl Fn(LockWait) -> W + Send + Sync,
    ) -> Result<W::Output> {
        let mut repetitions = 0;
        loop {
            match self.source.write(&work).await {
                Err(error) if was_committed_meanwhile(&error) => {
                    repetitions += 1;
                    if repetitions > REPETITIONS {
                        return Err(StoreError::Overtaken.during(W::OPERATION));
                    }
                }
                result => return result.map_err(|error| error.during(W::OPERATION)),
            }
        }
    }
}
