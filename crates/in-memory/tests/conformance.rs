//! The conformance suite on the in-memory adapter.

use std::sync::Arc;

use tasktrail_conformance::Repository;
use tasktrail_in_memory::InMemoryTaskHistory;

async fn fresh() -> (Repository, ()) {
    (Arc::new(InMemoryTaskHistory::new()), ())
}

tasktrail_conformance::task_history_suite!(fresh);

/// The same through another `Arc`, which must forward every method.
mod shared {
    use super::{Arc, InMemoryTaskHistory, Repository};

    async fn fresh() -> (Repository, ()) {
        let repository: Repository = Arc::new(InMemoryTaskHistory::new());
        (Arc::new(repository), ())
    }

    tasktrail_conformance::task_history_suite!(fresh);
}
