//! The data of all contexts, under one lock.

pub(crate) mod task_history;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::task_history::Tasks;

/// The data of all contexts in memory, under one lock.
///
/// The repository of a context is a view of a store: [`task_history`](Self::task_history). What one
/// transaction changes in PostgreSQL changes under one lock here. Clones share their data, which is
/// dropped with the last clone and the last view.
///
/// ```
/// use tasktrail_in_memory::InMemoryStore;
///
/// let store = InMemoryStore::new();
/// let histories = store.task_history();
/// ```
#[derive(Clone, Default)]
pub struct InMemoryStore {
    // A std mutex: it is held briefly and never across an await, and makes each method of a port
    // atomic.
    contents: Arc<Mutex<Contents>>,
}

/// What a store contains, by context.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) tasks: Tasks,
}

impl InMemoryStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Contents> {
        // Nothing that runs under the lock is expected to panic. If it does, use the data as it is.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for InMemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemoryStore")
    }
}
