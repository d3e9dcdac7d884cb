//! The transactions in progress: what they have written, and what they keep locked.

use std::collections::HashMap;

use tasktrail_domain::task_history::{EntryId, HistoryEntry};
use tasktrail_domain::{TaskKey, UserId};

use super::data::{Data, Versions};

/// The transactions in progress.
///
/// A transaction keeps its own version of each task and owner that it has written, and locks it until
/// it ends. Each of its calls sees the committed data with these versions in their places.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    begun: u64,
    in_progress: HashMap<TransactionId, Versions>,
    locked: HashMap<Lock, TransactionId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TransactionId(u64);

/// What one writer at a time may write. PostgreSQL locks the same in the task history: the summary of
/// a task, and an entry id through its unique index. In orchestration it locks single agents and
/// tasks, where a lock here covers all of an owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Lock {
    Task(TaskKey),
    Entry(UserId, EntryId),
    Owner(UserId),
}

impl Lock {
    /// What a save of entries locks.
    pub(crate) fn of_entries<'e>(entries: impl IntoIterator<Item = &'e HistoryEntry>) -> Vec<Self> {
        let locks = |entry: &HistoryEntry| {
            let task = Self::Task(entry.task.clone());
            [task, Self::Entry(entry.task.user.clone(), entry.id)]
        };
        entries.into_iter().flat_map(locks).collect()
    }
}

impl Transactions {
    pub(crate) fn begin(&mut self) -> TransactionId {
        self.begun += 1;
        let transaction = TransactionId(self.begun);
        self.in_progress.insert(transaction, Versions::default());
        transaction
    }

    /// Whether the transaction has not ended.
    pub(crate) fn is_in_progress(&self, transaction: TransactionId) -> bool {
        self.in_progress.contains_key(&transaction)
    }

    /// Whether no transaction holds a lock.
    pub(crate) fn hold_no_locks(&self) -> bool {
        self.locked.is_empty()
    }

    /// Whether another transaction than that of `writer` holds the lock.
    pub(crate) fn lock_out(&self, writer: Option<TransactionId>, lock: &Lock) -> bool {
        let holder = self.locked.get(lock).copied();
        holder.is_some() && holder != writer
    }

    /// Locks what a transaction writes. Its versions begin as the committed data.
    pub(crate) fn acquire(&mut self, transaction: TransactionId, locks: Vec<Lock>, data: &Data) {
        let Some(versions) = self.in_progress.get_mut(&transaction) else {
            return;
        };
        for lock in locks {
            match &lock {
                Lock::Task(task) => versions.begin_task(task, data),
                Lock::Owner(user) => versions.begin_owner(user, data),
                Lock::Entry(..) => {}
            }
            self.locked.insert(lock, transaction);
        }
    }

    /// Puts the versions of a transaction in the place of the data, and the data in the place of the
    /// versions. A second exchange undoes the first.
    pub(crate) fn exchange(&mut self, transaction: TransactionId, data: &mut Data) {
        if let Some(versions) = self.in_progress.get_mut(&transaction) {
            data.exchange(versions);
        }
    }

    /// Releases the locks of a transaction, and returns what it has written.
    pub(crate) fn end(&mut self, transaction: TransactionId) -> Versions {
        self.locked.retain(|_, holder| *holder != transaction);
        self.in_progress.remove(&transaction).unwrap_or_default()
    }
}
