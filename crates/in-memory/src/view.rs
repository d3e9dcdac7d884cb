//! How the ports read and write a store: outside of a transaction, or in one.

mod finishing;
mod lock_wait;

use std::sync::MutexGuard;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use crate::store::transactions::{Lock, TransactionId, Transactions};
use crate::store::{Contents, Data, InMemoryStore};

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
}
