//! The data of all contexts, under one lock.

mod contents;
mod data;
pub(crate) mod orchestration;
pub(crate) mod task_history;
pub(crate) mod transactions;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(crate) use self::contents::Contents;
pub(crate) use self::data::Data;

/// The data of all contexts in memory, under one lock.
///
/// The repositories of a context are a view of a store: [`task_history`](Self::task_history) and
/// [`orchestration`](Self::orchestration). What one transaction changes in PostgreSQL changes under
/// one lock here. [`begin`](Self::begin) starts a transaction of several calls. Clones share their
/// data, which is dropped with the last clone and the last view.
///
/// ```
/// use tasktrail_in_memory::InMemoryStore;
///
/// let store = InMemoryStore::new();
/// let histories = store.task_history();
/// ```
#[derive(Clone, Default)]
pub struct InMemoryStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    // A std mutex: it is held briefly and never across an await, and makes each method of a port
    // atomic.
    contents: Mutex<Contents>,
    /// Notified when a transaction ends, and so releases its locks.
    transaction_ended: Notify,
}

impl InMemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Contents> {
        // Nothing that runs under the lock is expected to panic. If it does, use the data as it is.
        let contents = self.0.contents.lock();
        contents.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notified when a transaction ends.
    pub(crate) fn transaction_ended(&self) -> &Notify {
        &self.0.transaction_ended
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryStore")
    }
}
