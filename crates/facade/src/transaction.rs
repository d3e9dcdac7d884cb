//! What the closure of a transaction works with.

mod orchestration;

use std::fmt;
use std::sync::Arc;

use tasktrail_domain::TaskKey;
use tasktrail_domain::clock::Clock;
use tasktrail_domain::id::IdGenerator;
use tasktrail_domain::repository;
use tasktrail_domain::task_history::{
    CancelOutcome, FinalStatus, FinishOutcome, HistoryEntry, SavedBatch, StepNumber,
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus, TaskStepResult,
};
#[cfg(feature = "in-memory")]
use tasktrail_in_memory::InMemoryTransaction;
#[cfg(feature = "postgres")]
use tasktrail_postgres::diesel_async::AsyncPgConnection;
#[cfg(feature = "postgres")]
use tasktrail_postgres::transaction::TRANSACTION;
#[cfg(feature = "postgres")]
use tasktrail_postgres::{NoTransaction, PostgresTransaction};
#[cfg(feature = "postgres")]
use tasktrail_resilience::{Guarded, Observe};

use crate::recorder::Recorder;
use crate::{DatabaseError, NewEntry};

type Result<T> = std::result::Result<T, DatabaseError>;

/// A transaction in progress: the argument of the closure of
/// [`DatabaseManager::transaction`](crate::DatabaseManager::transaction).
///
/// Its methods do what those of the manager do, but in the transaction: others see it when the
/// transaction commits.
pub struct Transaction {
    begun: Begun,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

/// A transaction of a store.
pub(crate) enum Begun {
    #[cfg(feature = "in-memory")]
    InMemory(InMemoryTransaction),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresTransaction>, Option<Observe>),
}

impl Transaction {
    pub(crate) fn new(begun: Begun, clock: Arc<dyn Clock>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { begun, clock, ids }
    }

    /// Returns the connection of the transaction, for your own statements: as a rule with Diesel,
    /// through [`tasktrail::diesel_async`](crate::diesel_async).
    ///
    /// Its session has the settings in `docs/CONFIGURATION.md`: the search path contains only the
    /// schema of the store, and the planner prefers index ranges. For a statement that reads a whole
    /// table of yours, run `SET LOCAL enable_seqscan = on` first.
    ///
    /// - After an error of a statement, PostgreSQL refuses every other statement of the transaction.
    ///   To go on after an error, run the statement in a savepoint: a nested `transaction` of the
    ///   connection.
    /// - Do not run `COMMIT` or `ROLLBACK`. What follows would not be in the transaction. The commit
    ///   detects this and fails, but cannot undo it.
    /// - Change only what ends with the transaction: use `SET LOCAL` instead of `SET`, and no session
    ///   locks, `LISTEN` or temporary tables. The next user of the connection would have them.
    /// - If you drop the future of a statement before it finishes, return an error. The server may
    ///   still run the statement.
    ///
    /// # Errors
    ///
    /// [`InMemory`](DatabaseError::InMemory) if the store is in memory.
    #[cfg(feature = "postgres")]
    pub fn connection(&mut self) -> Result<&mut AsyncPgConnection> {
        match &mut self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(_) => Err(DatabaseError::InMemory),
            Begun::Postgres(transaction, _) => Ok(transaction.connection()),
        }
    }

    /// Returns the port in this transaction, for paging, filtering and entries of your own making.
    ///
    /// Its calls run one after the other. They are not retried and have no time limit of their own:
    /// that of the transaction applies. A task that was written remains locked until the
    /// transaction ends.
    ///
    /// # Errors
    ///
    /// [`Repository`](DatabaseError::Repository) if a call in the transaction was dropped before it
    /// finished.
    pub fn task_history(&mut self) -> Result<Arc<dyn TaskHistoryRepository + '_>> {
        match &mut self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(transaction) => Ok(Arc::new(transaction.task_history())),
            #[cfg(feature = "postgres")]
            Begun::Postgres(transaction, observe) => {
                let task_history = transaction.task_history().map_err(no_transaction)?;
                Ok(Arc::new(Guarded::new(task_history, *observe)))
            }
        }
    }

    /// Like [`DatabaseManager::save_task_history`](crate::DatabaseManager::save_task_history).
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history), and if the operation itself fails.
    pub async fn save_task_history(
        &mut self,
        task: &TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Result<TaskStatus> {
        Ok(self.recorder()?.save(task, step, step_result).await?)
    }

    /// Like [`DatabaseManager::save_batch_task_history`](crate::DatabaseManager::save_batch_task_history).
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn save_batch_task_history(
        &mut self,
        entries: impl IntoIterator<Item = NewEntry> + Send,
    ) -> Result<SavedBatch> {
        Ok(self.recorder()?.save_batch(entries).await?)
    }

    /// Like [`DatabaseManager::load_task_history`](crate::DatabaseManager::load_task_history).
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn load_task_history(&mut self, task: &TaskKey) -> Result<Vec<HistoryEntry>> {
        Ok(self.task_history()?.load_all(task).await?)
    }

    /// Like [`DatabaseManager::mark_task_as_cancelled`](crate::DatabaseManager::mark_task_as_cancelled).
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn mark_task_as_cancelled(&mut self, task: &TaskKey) -> Result<CancelOutcome> {
        Ok(self.recorder()?.cancel(task).await?)
    }

    /// Like [`DatabaseManager::finish_task`](crate::DatabaseManager::finish_task).
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn finish_task(
        &mut self,
        task: &TaskKey,
        status: FinalStatus,
    ) -> Result<FinishOutcome> {
        Ok(self.recorder()?.finish(task, status).await?)
    }

    /// Like [`DatabaseManager::check_task_status`](crate::DatabaseManager::check_task_status).
    ///
    /// # Errors
    ///
    /// As for [`save_task_history`](Self::save_task_history).
    pub async fn check_task_status(&mut self, task: &TaskKey) -> Result<Option<TaskStatus>> {
        Ok(self.task_history()?.status(task).await?)
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "the in-memory store does not wait")
    )]
    pub(crate) async fn commit(self) -> repository::Result<()> {
        match self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(transaction) => transaction.commit(),
            #[cfg(feature = "postgres")]
            Begun::Postgres(transaction, _) => transaction.commit().await,
        }
    }

    #[cfg_attr(
        not(feature = "postgres"),
        expect(clippy::unused_async, reason = "the in-memory store does not wait")
    )]
    pub(crate) async fn rollback(self) {
        match self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(transaction) => transaction.rollback(),
            #[cfg(feature = "postgres")]
            Begun::Postgres(transaction, _) => transaction.rollback().await,
        }
    }

    fn recorder(&mut self) -> Result<Recorder<'_>> {
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        Ok(Recorder {
            task_history: self.task_history()?,
            clock,
            ids,
        })
    }
}

#[cfg(feature = "postgres")]
fn no_transaction(error: NoTransaction) -> DatabaseError {
    use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError};

    // The transaction was begun, so a dropped call has broken it.
    let broken = format!("a call in the transaction was dropped before it finished ({error})");
    let error = RepositoryError::new(TRANSACTION, ErrorKind::Unexpected, Effect::NotApplied)
        .with_source(broken);
    error.into()
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(transaction) => transaction.fmt(f),
            #[cfg(feature = "postgres")]
            Begun::Postgres(transaction, _) => transaction.fmt(f),
        }
    }
}
