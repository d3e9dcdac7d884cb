//! The source of a repository's connections.

use std::fmt;
use std::sync::Arc;

use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use tokio::sync::Mutex;

use crate::error::StoreError;
use crate::lock_wait::LockWait;
use crate::pg_operation::PgOperation;
use crate::pool::Pool;
use crate::standbys::Standbys;

/// Provides a connection for each operation.
pub enum Source<'c> {
    /// The primary's pool.
    Pool(Pool),
    /// Standbys for operations that may be stale, and the primary's pool for all others.
    Standbys(Arc<Standbys>, Pool),
    /// The caller's connection, used for one operation at a time.
    Joined(Mutex<Joined<'c>>),
}

/// A caller's connection with an open transaction.
pub struct Joined<'c> {
    connection: &'c mut AsyncPgConnection,
    /// Set while an operation runs. If it is set when another one starts, the first was dropped
    /// before it finished.
    busy: bool,
}

/// The connection has no transaction to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection has no open transaction that was started through diesel-async")]
pub struct NoTransaction;

impl<'c> Source<'c> {
    /// Uses the caller's connection, which must have an open transaction.
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if diesel-async knows of no open transaction on the connection.
    pub fn joining(connection: &'c mut AsyncPgConnection) -> Result<Self, NoTransaction> {
        let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
        match status.transaction_depth() {
            Ok(Some(_depth)) => Ok(Self::Joined(Mutex::new(Joined {
                connection,
                busy: false,
            }))),
            Ok(None) | Err(_) => Err(NoTransaction),
        }
    }
}

impl Source<'_> {
    /// Runs an operation on a connection.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is no connection, or the operation fails.
    pub async fn run<W: PgOperation>(&self, work: &W) -> Result<W::Output, StoreError> {
        match self {
            Self::Pool(pool) => pool.run(work).await,
            Self::Standbys(standbys, primary) => match standbys.read(work).await {
                Some(answer) => Ok(answer),
                None => primary.run(work).await,
            },
            Self::Joined(joined) => joined.lock().await.run(work).await,
        }
    }

    /// Writes to one task. `work` creates the operation for a given wait, which bounds how long it
    /// waits for a locked row.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Locked`](StoreError::Locked) if a row stays locked until the timeout.
    pub async fn write<W: PgOperation>(
        &self,
        work: impl Fn(LockWait) -> W + Send + Sync,
    ) -> Result<W::Output, StoreError> {
        match self {
            Self::Pool(pool) | Self::Standbys(_, pool) => pool.write(work).await,
            Self::Joined(_) => self.run(&work(LockWait::Session)).await,
        }
    }

    /// Writes to several tasks. See [`Pool::write_batch`].
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Locked`](StoreError::Locked) if a row stays locked until the timeout.
    pub async fn write_batch<W: PgOperation>(
        &self,
        spread: u8,
        work: impl Fn(LockWait) -> W + Send + Sync,
    ) -> Result<W::Output, StoreError> {
        match self {
            Self::Pool(pool) | Self::Standbys(_, pool) => pool.write_batch(spread, work).await,
            Self::Joined(_) => self.run(&work(LockWait::Session)).await,
        }
    }
}

impl Joined<'_> {
    async fn run<W: PgOperation>(&mut self, work: &W) -> Result<W::Output, StoreError> {
        if self.busy {
            return Err(StoreError::TransactionAborted);
        }
        self.busy = true;
        let mut call = Call {
            connection: self.connection,
            done: false,
        };
        let result = work.run(call.connection).await;
        call.done = true;
        self.busy = false;
        result
    }
}

/// A call inside the caller's transaction. If it is dropped before it finishes, part of its work or
/// a savepoint may remain, so the transaction is marked as failed to prevent a commit.
struct Call<'c> {
    connection: &'c mut AsyncPgConnection,
    done: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.done {
            AnsiTransactionManager::transaction_manager_status_mut(self.connection).set_in_error();
        }
    }
}

impl fmt::Debug for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joined")
            .field("busy", &self.busy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(pool) => pool.fmt(f),
            Self::Standbys(standbys, _) => standbys.fmt(f),
            Self::Joined(_) => f.write_str("Joined"),
        }
    }
}
