//! How a write waits for what a transaction keeps locked.

use std::sync::MutexGuard;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use super::View;
use crate::store::Contents;
use crate::store::transactions::Lock;

/// How long a write waits: as long as on PostgreSQL by default.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);

/// The source of the error of a write that waited too long.
#[derive(Debug, thiserror::Error)]
#[error("another transaction has locked what is written, waited {LOCK_TIMEOUT:?} for it")]
struct Locked;

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

impl View {
    /// Waits until no other transaction holds one of `locks`. Returns the contents, and the locks for
    /// the transaction of this view to acquire.
    pub(super) async fn unlocked(
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
    pub(super) fn if_nothing_is_locked(
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
