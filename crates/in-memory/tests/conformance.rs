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

#[tokio::test]
async fn views_of_one_store_share_its_data() {
    use tasktrail_domain::task_history::{FinalStatus, TaskStatus};
    use tasktrail_domain::timestamp::Timestamp;

    let store = tasktrail_in_memory::InMemoryStore::new();
    let task = tasktrail_domain::TaskKey::new("alice", "report").unwrap();
    let (one, other): (Repository, Repository) = (
        Arc::new(store.task_history()),
        Arc::new(store.clone().task_history()),
    );
    let apart: Repository = Arc::new(InMemoryTaskHistory::new());

    one.finish(&task, FinalStatus::Completed, Timestamp::default())
        .await
        .unwrap();

    let completed = Some(TaskStatus::Completed);
    assert_eq!(other.status(&task).await.unwrap(), completed);
    assert_eq!(apart.status(&task).await.unwrap(), None);
}

/// The same in a transaction that is never committed.
mod in_a_transaction {
    use tasktrail_in_memory::{InMemoryStore, InMemoryTransaction};

    use super::{Arc, Repository};

    async fn fresh() -> (Repository, InMemoryTransaction) {
        let transaction = InMemoryStore::new().begin();
        (Arc::new(transaction.task_history()), transaction)
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// The ports of orchestration, which share one store.
mod orchestration {
    use tasktrail_conformance::Orchestration;
    use tasktrail_in_memory::{InMemoryOrchestration, InMemoryStore, InMemoryTaskHistory};

    use super::Arc;

    pub(super) fn ports(of: InMemoryOrchestration, history: InMemoryTaskHistory) -> Orchestration {
        Orchestration {
            agents: Arc::new(of.clone()),
            tasks: Arc::new(of.clone()),
            dispatch: Arc::new(of.clone()),
            audit_log: Arc::new(of),
            history: Arc::new(history),
        }
    }

    async fn fresh() -> (Orchestration, ()) {
        let store = InMemoryStore::new();
        (ports(store.orchestration(), store.task_history()), ())
    }

    mod agents {
        tasktrail_conformance::agents_suite!(super::fresh);
    }

    mod tasks {
        tasktrail_conformance::tasks_suite!(super::fresh);
    }

    mod dispatch {
        tasktrail_conformance::dispatch_suite!(super::fresh);
    }

    mod audit_log {
        tasktrail_conformance::audit_log_suite!(super::fresh);
    }

    /// The same in a transaction that is never committed.
    mod in_a_transaction {
        use tasktrail_in_memory::InMemoryTransaction;

        use super::{InMemoryStore, Orchestration, ports};

        async fn fresh() -> (Orchestration, InMemoryTransaction) {
            let transaction = InMemoryStore::new().begin();
            let ports = ports(transaction.orchestration(), transaction.task_history());
            (ports, transaction)
        }

        mod agents {
            tasktrail_conformance::agents_suite!(super::fresh);
        }

        mod tasks {
            tasktrail_conformance::tasks_suite!(super::fresh);
        }

        mod dispatch {
            tasktrail_conformance::dispatch_suite!(super::fresh);
        }

        mod audit_log {
            tasktrail_conformance::audit_log_suite!(super::fresh);
        }
    }
}
