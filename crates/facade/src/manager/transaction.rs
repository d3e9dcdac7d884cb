//! Several calls, and statements of the caller, in one transaction.

#[cfg(feature = "postgres")]
mod on_postgres;

use std::sync::Arc;

use super::DatabaseManager;
use crate::DatabaseError;
use crate::store::Store;
use crate::transaction::{Begun, Transaction};

impl DatabaseManager {
    /// Runs a closure in a transaction: what it records, and what its own statements on the
    /// [connection](Transaction::connection) write, becomes visible to others when the closure
    /// returns `Ok`, all at once. If it returns an error, all of it is undone.
    ///
    /// ```no_run
    /// use diesel::sql_types::{Integer, Text};
    /// use tasktrail::diesel_async::RunQueryDsl;
    /// use tasktrail::task_history::FinalStatus;
    /// use tasktrail::{DatabaseManager, TaskKey};
    ///
    /// async fn pay(
    ///     manager: &DatabaseManager,
    ///     task: &TaskKey,
    ///     invoice: i32,
    /// ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     manager
    ///         .transaction(async |transaction| {
    ///             diesel::sql_query("UPDATE invoice SET paid_by = $1 WHERE id = $2")
    ///                 .bind::<Text, _>(task.task.as_str())
    ///                 .bind::<Integer, _>(invoice)
    ///                 .execute(transaction.connection()?)
    ///                 .await?;
    ///             transaction.finish_task(task, FinalStatus::Completed).await?;
    ///             Ok(())
    ///         })
    ///         .await
    /// }
    /// ```
    ///
    /// Until it ends, the transaction uses one connection of the pool, and keeps the tasks that it
    /// has written locked: other saves of these tasks wait, up to the lock timeout (see
    /// `docs/CONFIGURATION.md`), then fail with `Contention`. So keep it short: do the work of a step
    /// first, then record it. Inside the closure use the argument, not the manager: a call of the
    /// manager uses another connection, does not see what the transaction has written, and waits up
    /// to the lock timeout for a task that the transaction has locked, then fails with `Contention`.
    ///
    /// From its begin, the transaction has the time of the setting `timeout.transaction`, 10 seconds by
    /// default. There is no limit if timeouts are off. [`close`](Self::close) waits for it as for a
    /// call, until its own deadline. At either limit, the closure is dropped and the transaction is
    /// rolled back. The closure is called at most once: only the begin is retried. To retry the rest,
    /// call `transaction` again. The isolation level is read committed.
    ///
    /// [Orchestration](Transaction::orchestration) works in the transaction as well: for example, the
    /// report of an agent is committed together with the rows that its work has changed.
    ///
    /// In memory, others see nothing of what was written before the commit either, and nothing remains
    /// after an error. There is no connection and no time limit, and `close` does not wait for a
    /// transaction.
    ///
    /// In metrics and logs, the whole is the operation `transaction`. Calls inside are recorded as
    /// well, whether the transaction commits or not.
    ///
    /// # Errors
    ///
    /// The error of the closure, after the rollback. Otherwise, converted from `DatabaseError`:
    ///
    /// - [`NotConnected`](DatabaseError::NotConnected) or [`Closed`](DatabaseError::Closed).
    /// - [`Repository`](DatabaseError::Repository) if the transaction could not begin; if it was not
    ///   committed in time (`TimedOut`) or before the close (`Closed`); or if the server refused the
    ///   commit. A statement that failed prevents the commit, also if the closure ignores its error.
    ///   The [effect](tasktrail_domain::repository::Effect) is unknown if the connection fails, the
    ///   time limit expires or the manager closes during the commit, or if a statement of the closure
    ///   has ended the transaction. In all other cases nothing was applied.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future rolls back, unless the commit is already under way.
    pub async fn transaction<T, E>(
        &self,
        work: impl AsyncFnOnce(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<DatabaseError>,
    {
        let open = self.0.state.connection();
        match &self.0.store {
            #[cfg(feature = "in-memory")]
            Store::InMemory(store) => {
                open?;
                let mut transaction = self.argument(Begun::InMemory(store.begin()));
                let result = work(&mut transaction).await;
                match &result {
                    Ok(_) => transaction.commit().await.map_err(DatabaseError::from)?,
                    Err(_) => transaction.rollback().await,
                }
                result
            }
            #[cfg(feature = "postgres")]
            Store::Postgres(config) => {
                let open = open?;
                let database = open.database().ok_or(DatabaseError::NotConnected)?;
                let (_, resilience) = config.parts();
                let limit = resilience.timeout.map(|timeout| timeout.transaction);
                let argument = |begun| self.argument(begun);
                on_postgres::run(database, limit, argument, work).await
            }
        }
    }

    fn argument(&self, begun: Begun) -> Transaction {
        Transaction::new(begun, Arc::clone(&self.0.clock), Arc::clone(&self.0.ids))
    }
}
