//! A transaction of several calls on a connection of the pool.

use diesel::connection::TransactionManagerStatus;
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
};
use tasktrail_domain::repository::Operation;

use super::Pool;
use super::acquire_queue::CallState;
use super::checkout::Checkout;
use crate::connection::milliseconds;
use crate::error::StoreError;

/// A setting that a transaction has until its end.
const MARK: &str = "SET LOCAL tasktrail.transaction = on";

/// Commits, unless a statement has failed, or has ended the transaction. The server answers `COMMIT`
/// with a rollback in the first case and with a warning in the second, and the driver reports both as
/// success. The first statement fails in both cases, also if another transaction was begun since,
/// and then `COMMIT` does not run.
const COMMIT: &str = "SELECT current_setting('tasktrail.transaction')::bool; COMMIT";

/// A transaction on a connection of the pool. Dropping it closes the connection, which rolls back.
#[derive(Debug)]
pub struct PoolTransaction(Checkout);

impl Pool {
    /// Begins a transaction, in which each statement waits for locks up to the lock timeout.
    /// `operation` is the name under which the connection is held.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is no connection, or it fails.
    pub async fn begin(&self, operation: Operation) -> Result<PoolTransaction, StoreError> {
        let checkout = self.acquire(operation, CallState::New).await;
        let mut checkout = checkout.map_err(StoreError::Acquire)?;
        let lock_timeout = milliseconds(self.0.connector.config().lock_timeout);
        let begin = format!("BEGIN; SET LOCAL lock_timeout = {lock_timeout}; {MARK}");
        AnsiTransactionManager::begin_transaction_sql(checkout.connection(), &begin).await?;
        Ok(PoolTransaction(checkout))
    }
}

impl PoolTransaction {
    /// The connection.
    pub fn connection(&mut self) -> &mut AsyncPgConnection {
        self.0.connection()
    }

    /// Completes when the close of the pool waits no longer for calls in progress. The transaction
    /// must be dropped then.
    pub fn interrupted(&self) -> impl Future<Output = ()> + Send + 'static {
        let pool = self.0.pool();
        async move {
            pool.lifecycle.ended().await;
            pool.checkouts.interrupt();
        }
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// - [`TransactionAborted`](StoreError::TransactionAborted) if a call of a repository in it was
    ///   dropped.
    /// - [`TransactionFailed`](StoreError::TransactionFailed) if a statement in it has failed, also
    ///   if its error was ignored.
    /// - [`TransactionEnded`](StoreError::TransactionEnded) if a statement has ended it.
    /// - [`Query`](StoreError::Query) if the server refuses the commit, or does not answer.
    ///
    /// It is rolled back, except without an answer, or if a statement has ended it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may commit or roll back.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let status = AnsiTransactionManager::transaction_manager_status_mut(self.connection());
        match status.transaction_depth() {
            Ok(depth) if depth.is_none_or(|depth| depth.get() == 1) => {}
            Ok(_) | Err(_) => return Err(StoreError::TransactionAborted),
        }
        if let Err(error) = self.connection().batch_execute(COMMIT).await {
            self.rollback().await;
            return Err(StoreError::of_commit(error));
        }
        self.leave();
        Ok(())
    }

    /// Rolls back. If that fails, the connection is closed, which also rolls back.
    pub async fn rollback(mut self) {
        let status = AnsiTransactionManager::transaction_manager_status_mut(self.connection());
        let is_usable = status.transaction_depth().is_ok();
        if is_usable && self.connection().batch_execute("ROLLBACK").await.is_ok() {
            self.leave();
        }
    }

    /// Returns the connection to the pool after the end of the transaction.
    fn leave(mut self) {
        let status = AnsiTransactionManager::transaction_manager_status_mut(self.connection());
        *status = TransactionManagerStatus::default();
        self.0.release();
    }
}
