//! Where a repository gets its connections from.

use std::fmt;
use std::sync::Arc;

use diesel_async::{AnsiTransactionManager, AsyncPgConnection, TransactionManager};
use tokio::sync::Mutex;

use crate::error::StoreError;
use crate::lock_wait::LockWait;
use crate::pg_operation::PgOperation;
use crate::pool::Pool;
use crate::standbys::Standbys;

/// A way to a connection for each operation.
pub enum Source<'c> {
    /// One of a pool.
    Pool(Pool),
    /// One of a standby's pool for what may be stale, else of the primary's.
    Standbys(Arc<Standbys>, Pool),
    /// The caller's own, for one operation after the other.
    Joined(Mutex<Joined<'c>>),
}

/// A connection of the caller in a transaction of his.
pub struct Joined<'c> {
    connection: &'c mut AsyncPgConnection,
    /// Whether an operation has begun; if that is so when the next one begins, it was dropped half-way.
    busy: bool,
}

/// There is no transaction to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection has no open transaction that was begun through diesel-async")]
pub struct NoTransaction;

impl<'c> Source<'c> {
    /// The caller's connection, which must have an open transaction.
    ///
    /// # Errors
    ///
    /// [`NoTransaction`] if it has none that diesel-async knows of.
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
    /// Does `work` on a connection.
    ///
    /// # Errors
    ///
    /// [`StoreError`]
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

    /// Writes to one task, as `work` does it that waits so long if the task is locked.
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

    /// Writes to several tasks, as [`Pool::write_batch`] does.
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

/// A call inside the caller's transaction. Dropped half-way it leaves some of its work, and perhaps a
/// savepoint, behind: diesel-async must not commit that.
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
