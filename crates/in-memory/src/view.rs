//! How the ports read and write a store: outside of a transaction, or in one.

use std::sync::MutexGuard;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use crate::store::orchestration::EndedTask;
use crate::store::transactions::{Lock, TransactionId, Transactions};
use crate::store::{Contents, Data, InMemoryStore};

/// How long a write waits: as long as on PostgreSQL by default.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// The source of the error of a write that waited too long.
#[derive(Debug, thiserror::Error)]
#[error("another transaction has locked what is written, waited {LOCK_TIMEOUT:?} for it")]
struct Locked;

/// The source of the error of a call in a transaction that has ended.
#[derive(Debug, thiserror::Error)]
#[error("the transaction has ended, or a call in it failed")]
struct TransactionEnded;

/// A view of a store, on which the ports of all contexts are built.
#[derive(Clone, Default)]
pub(crate) struct View {
    store: InMemoryStore,
    /// `None` outside of a transaction.
    transaction: Option<TransactionId>,
}

/// A call that waits. As in PostgreSQL, a call that fails or is dropped ends its transaction.
struct Waiting<'v> {
    view: &'v View,
    is_unlocked: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let store = &self.view.store;
        if let Some(transaction) = self.view.transaction.filter(|_| !self.is_unlocked) {
            store.lock().roll_back(transaction);
            store.transaction_ended().notify_waiters();
        }
    }
}

/// The transaction of a view, or one for a single call of a view outside of transactions, which is
/// rolled back unless it is committed.
struct Temporary {
    view: View,
    is_own: bool,
}

impl Temporary {
    fn begin(view: &View) -> Self {
        let begin = || view.store.lock().transactions.begin();
        let transaction = view.transaction.unwrap_or_else(begin);
        Self {
            view: View::of(view.store.clone(), Some(transaction)),
            is_own: view.transaction.is_none(),
        }
    }

    fn commit(&self) {
        if let Some(transaction) = self.view.transaction.filter(|_| self.is_own) {
            self.view.store.lock().commit(transaction);
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(transaction) = self.view.transaction.filter(|_| self.is_own) {
            // Does nothing after a commit.
            self.view.store.lock().roll_back(transaction);
            self.view.store.transaction_ended().notify_waiters();
        }
    }
}

impl View {
    pub(crate) fn of(store: InMemoryStore, transaction: Option<TransactionId>) -> Self {
        Self { store, transaction }
    }

    pub(crate) fn transaction(&self) -> Option<TransactionId> {
        self.transaction
    }

    /// The contents of the store, unless the transaction of this view has ended.
    pub(crate) fn contents(&self, operation: Operation) -> Result<MutexGuard<'_, Contents>> {
        let contents = self.store.lock();
        let transaction = self.transaction;
        if transaction.is_none_or(|transaction| contents.transactions.is_in_progress(transaction)) {
            return Ok(contents);
        }
        let ended = RepositoryError::new(operation, ErrorKind::Unexpected, Effect::NotApplied);
        Err(ended.with_source(TransactionEnded))
    }

    pub(crate) fn read<T>(
        &self,
        operation: Operation,
        read: impl FnOnce(&Data, &Transactions) -> T,
    ) -> Result<T> {
        let mut contents = self.contents(operation)?;
        Ok(contents.read(self.transaction, read))
    }

    /// Waits until no other transaction holds any of `locks`, then runs `change`.
    pub(crate) async fn write<T>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Data) -> Result<T> + Send,
    ) -> Result<T> {
        let (mut contents, locks) = self.unlocked(operation, locks).await?;
        contents.write(self.transaction, locks, change)
    }

    /// Like [`write`](Self::write), and finishes the tasks that `change` has ended.
    ///
    /// Which tasks these are is known only then. So if anything is locked, it runs in a transaction,
    /// which waits for the locks of these tasks while it keeps `locks`.
    pub(crate) async fn write_and_finish<T: Send>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Data) -> Result<(T, Vec<EndedTask>)> + Send,
    ) -> Result<T> {
        if let Some(mut contents) = self.if_nothing_is_locked(operation)? {
            return contents.write(None, Vec::new(), |data| {
                let (outcome, ended) = change(data)?;
                data.finish(&ended);
                Ok(outcome)
            });
        }
        let transaction = Temporary::begin(self);
        let outcome = transaction
            .view
            .change_then_finish(operation, locks, change);
        let outcome = outcome.await?;
        transaction.commit();
        Ok(outcome)
    }

    async fn change_then_finish<T: Send>(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
        change: impl FnOnce(&mut Data) -> Result<(T, Vec<EndedTask>)> + Send,
    ) -> Result<T> {
        let (outcome, ended) = self.write(operation, locks, change).await?;
        let locks = || {
            let tasks = ended.iter().map(|ended| ended.task.clone());
            tasks.map(Lock::Task).collect()
        };
        let finish = |data: &mut Data| {
            data.finish(&ended);
            Ok(())
        };
        self.write(operation, locks, finish).await?;
        Ok(outcome)
    }

    /// Waits until no other transaction holds one of `locks`. Returns the contents, and the locks for
    /// the transaction of this view to acquire.
    async fn unlocked(
        &self,
        operation: Operation,
        locks: impl Fn() -> Vec<Lock> + Send,
    ) -> Result<(MutexGuard<'_, Contents>, Vec<Lock>)> {
        if let Some(contents) = self.if_nothing_is_locked(operation)? {
            return Ok((contents, Vec::new()));
        }
        let locks = locks();
        if let Some(contents) = self.if_unlocked(operation, &locks)? {
            return Ok((contents, locks));
        }
        let mut waiting = Waiting {
            view: self,
            is_unlocked: false,
        };
        let contents = tokio::time::timeout(LOCK_TIMEOUT, self.once_unlocked(operation, &locks));
        let contents = contents.await.map_err(|_elapsed| {
            RepositoryError::new(operation, ErrorKind::Contention, Effect::NotApplied)
                .with_source(Locked)
        })?;
        waiting.is_unlocked = true;
        Ok((contents?, locks))
    }

    /// Saves the collection of locks while there are no transactions.
    pub(crate) fn if_nothing_is_locked(
        &self,
        operation: Operation,
    ) -> Result<Option<MutexGuard<'_, Contents>>> {
        let contents = self.contents(operation)?;
        let nothing = self.transaction.is_none() && contents.transactions.hold_no_locks();
        Ok(nothing.then_some(contents))
    }

    async fn once_unlocked(
        &self,
        operation: Operation,
        locks: &[Lock],
    ) -> Result<MutexGuard<'_, Contents>> {
        loop {
            // Before the check, so that no end of a transaction is missed.
            let ended = self.store.transaction_ended().notified();
            if let Some(contents) = self.if_unlocked(operation, locks)? {
                return Ok(contents);
            }
            ended.await;
        }
    }

    fn if_unlocked(
        &self,
        operation: Operation,
        locks: &[Lock],
    ) -> Result<Option<MutexGuard<'_, Contents>>> {
        let contents = self.contents(operation)?;
        let transactions = &contents.transactions;
        let locked_out = |lock| transactions.lock_out(self.transaction, lock);
        let unlocked = !locks.iter().any(locked_out);
        Ok(unlocked.then_some(contents))
    }
}
