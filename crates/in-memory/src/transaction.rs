//! A transaction of several calls.

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use crate::orchestration::InMemoryOrchestration;
use crate::store::InMemoryStore;
use crate::store::transactions::TransactionId;
use crate::task_history::InMemoryTaskHistory;

/// A transaction on an [`InMemoryStore`]: others see what its calls write when it commits. Dropping
/// it rolls it back.
///
/// As in PostgreSQL at the isolation level read committed, its calls see what others have committed
/// in the meantime, and a task that it has written stays locked until it ends: others read the
/// committed version, and their writes wait for up to 3 seconds, then fail with `Contention`. If a call
/// of the transaction itself fails in this way, it can only be rolled back. Unlike in PostgreSQL, a
/// write of orchestration locks all agents and tasks of its owner.
///
/// ```
/// use tasktrail_domain::TaskKey;
/// use tasktrail_domain::task_history::{FinalStatus, TaskHistoryRepository, TaskStatus};
/// use tasktrail_domain::timestamp::Timestamp;
/// use tasktrail_in_memory::InMemoryStore;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = InMemoryStore::new();
/// let task = TaskKey::new("alice", "report")?;
///
/// let transaction = store.begin();
/// let inside = transaction.task_history();
/// inside.finish(&task, FinalStatus::Completed, Timestamp::default()).await?;
/// assert_eq!(store.task_history().status(&task).await?, None);
///
/// transaction.commit()?;
/// assert_eq!(store.task_history().status(&task).await?, Some(TaskStatus::Completed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct InMemoryTransaction {
    store: InMemoryStore,
    id: TransactionId,
}

const TRANSACTION: Operation = Operation::once("transaction");

/// The source of the error of a commit.
#[derive(Debug, thiserror::Error)]
#[error("the transaction cannot be committed because a call in it failed")]
struct CallFailed;

impl InMemoryStore {
    /// Begins a transaction.
    #[must_use]
    pub fn begin(&self) -> InMemoryTransaction {
        InMemoryTransaction {
            store: self.clone(),
            id: self.lock().transactions.begin(),
        }
    }
}

impl InMemoryTransaction {
    /// Returns the task history as this transaction sees it. After the transaction has ended, its
    /// calls fail with the kind `Unexpected`.
    #[must_use]
    pub fn task_history(&self) -> InMemoryTaskHistory {
        InMemoryTaskHistory::of(self.store.clone(), Some(self.id))
    }

    /// Returns the repositories of orchestration as this transaction sees them. After the transaction
    /// has ended, their calls fail with the kind `Unexpected`.
    #[must_use]
    pub fn orchestration(&self) -> InMemoryOrchestration {
        InMemoryOrchestration::of(self.store.clone(), Some(self.id))
    }

    /// Makes what was written visible to all, at once.
    ///
    /// # Errors
    ///
    /// Of the kind `Unexpected` if a call of the transaction failed with `Contention`. Nothing is
    /// committed then.
    pub fn commit(self) -> Result<()> {
        let mut contents = self.store.lock();
        if contents.transactions.is_in_progress(self.id) {
            contents.commit(self.id);
            return Ok(());
        }
        let failed = RepositoryError::new(TRANSACTION, ErrorKind::Unexpected, Effect::NotApplied);
        Err(failed.with_source(CallFailed))
    }

    /// Undoes what was written.
    pub fn rollback(self) {}
}

impl Drop for InMemoryTransaction {
    fn drop(&mut self) {
        // Does nothing after a commit.
        self.store.lock().roll_back(self.id);
        self.store.transaction_ended().notify_waiters();
    }
}
