//! A transaction on a connection of the pool.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::repository::{Operation, Result};
use tasktrail_postgres_client::pool::PoolTransaction;
use tasktrail_postgres_client::source::NoTransaction;

use crate::database::PostgresDatabase;
use crate::orchestration::PostgresOrchestration;
use crate::task_history::PostgresTaskHistory;

/// Begins a transaction. A repetition is harmless.
pub const BEGIN: Operation = Operation::read("transaction.begin");

/// A transaction, from its begin to its commit.
pub const TRANSACTION: Operation = Operation::once("transaction");

/// A transaction on a connection of the pool: its writes become visible to others, together with
/// those of your own statements, when it commits. Dropping it closes the connection, which rolls
/// back.
///
/// While it lasts, it uses one connection of the pool, and [`close`](PostgresDatabase::close) waits
/// for it as for a call.
#[derive(Debug)]
pub struct PostgresTransaction(PoolTransaction);

impl PostgresDatabase {
    /// Begins a transaction with the isolation level read committed. Each of its statements waits for
    /// a locked row up to the
    /// [lock timeout](crate::PostgresConfig::with_lock_timeout).
    ///
    /// # Errors
    ///
    /// As for any operation that gets no connection.
    pub async fn begin(&self) -> Result<PostgresTransaction> {
        let begun = self.pool().begin(TRANSACTION).await;
        let begun = begun.map_err(|error| error.during(BEGIN))?;
        Ok(PostgresTransaction(begun))
    }
}

impl PostgresTransaction {
    /// Returns the connection, for your own statements.
    pub fn connection(&mut self) -> &mut AsyncPgConnection {
        self.0.connection()
    }

    /// Returns the task history in this transaction, with the rules of
    /// [`in_transaction`](PostgresTaskHistory::in_transaction).
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if a call in the transaction was dropped before it finished.
    pub fn task_history(&mut self) -> std::result::Result<PostgresTaskHistory<'_>, NoTransaction> {
        PostgresTaskHistory::in_transaction(self.0.connection())
    }

    /// Returns agents, tasks, dispatch and the audit log in this transaction, with the rules of
    /// [`in_transaction`](PostgresOrchestration::in_transaction).
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if a call in the transaction was dropped before it finished.
    pub fn orchestration(
        &mut self,
    ) -> std::result::Result<PostgresOrchestration<'_>, NoTransaction> {
        PostgresOrchestration::in_transaction(self.0.connection())
    }

    /// Completes when the close of the database waits no longer for calls in progress. Drop the
    /// transaction then.
    pub fn interrupted(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.interrupted()
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// If a statement in the transaction has failed, also if its error was ignored; if a call of a
    /// port in it was dropped; or if the server refuses the commit. The transaction is rolled back
    /// then. If the server does not answer, the [effect](tasktrail_domain::repository::Effect) is
    /// unknown.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may commit or roll back.
    pub async fn commit(self) -> Result<()> {
        let committed = self.0.commit().await;
        committed.map_err(|error| error.during(TRANSACTION))
    }

    /// Rolls back.
    pub async fn rollback(self) {
        self.0.rollback().await;
    }
}
