//! The conformance suite with the runtime role.

use std::sync::Arc;

use tasktrail_conformance::Repository;

use super::Fixture;

async fn store(fixture: Fixture, writers: u32) -> (Repository, Fixture) {
    let runtime = fixture.connect(&fixture.runtime, writers).await;
    (Arc::new(runtime.task_history()), fixture)
}

/// In the default schema; saves are batched.
mod in_public {
    use super::{Fixture, Repository, store};

    async fn fresh() -> (Repository, Fixture) {
        store(Fixture::migrated("public").await, 2).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// In a separate schema, partitioned; each save is sent in its own statement.
mod partitioned_in_another_schema {
    use super::{Fixture, Repository, store};
    use crate::SHOP;

    async fn fresh() -> (Repository, Fixture) {
        store(Fixture::partitioned(SHOP).await, 0).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// Agents, tasks, dispatch and the audit log, in a separate schema.
mod orchestration {
    use std::sync::Arc;

    use tasktrail_conformance::Orchestration;
    use tasktrail_postgres::PostgresOrchestration;

    use super::Fixture;
    use crate::SHOP;

    async fn fresh() -> (Orchestration, Fixture) {
        let fixture = Fixture::migrated(SHOP).await;
        let runtime = fixture.connect(&fixture.runtime, 2).await;
        let store = Arc::new(runtime.orchestration());
        let orchestration = Orchestration {
            agents: Arc::<PostgresOrchestration<'_>>::clone(&store),
            tasks: Arc::<PostgresOrchestration<'_>>::clone(&store),
            dispatch: Arc::<PostgresOrchestration<'_>>::clone(&store),
            audit_log: store,
            history: Arc::new(runtime.task_history()),
        };
        (orchestration, fixture)
    }

    mod agents {
        tasktrail_conformance::agents_suite!(super::fresh);
    }

    mod audit_log {
        tasktrail_conformance::audit_log_suite!(super::fresh);
    }

    mod dispatch {
        tasktrail_conformance::dispatch_suite!(super::fresh);
    }

    mod tasks {
        tasktrail_conformance::tasks_suite!(super::fresh);
    }
}
