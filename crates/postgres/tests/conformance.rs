//! The conformance suite on a real server, with a role that only owns its database.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::Repository;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

async fn store(writers: u32) -> (Repository, TestDatabase) {
    let (postgres, database) = database(writers).await;
    (Arc::new(postgres.task_history()), database)
}

async fn database(writers: u32) -> (PostgresDatabase, TestDatabase) {
    in_schema("public", writers).await
}

async fn in_schema(schema: &str, writers: u32) -> (PostgresDatabase, TestDatabase) {
    let database = TestDatabase::new();
    let role = format!("owner_of_{}", database.name());
    database
        .execute(&format!("CREATE ROLE {role} LOGIN"))
        .unwrap();
    database
        .execute(&format!(
            "ALTER DATABASE {} OWNER TO {role}",
            database.name()
        ))
        .unwrap();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 8))
        .unwrap()
        // The suite checks results, not latency, so a busy machine must not cause a failure.
        .with_acquire_timeout(Duration::from_secs(60))
        .with_lock_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(60))
        .with_schema(schema)
        .with_group_commit(writers);
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    (postgres, database)
}

/// Saves are batched.
mod grouped {
    use super::{Repository, TestDatabase, store};

    async fn fresh() -> (Repository, TestDatabase) {
        store(2).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// Each save is sent in its own statement.
mod one_by_one {
    use super::{Repository, TestDatabase, store};

    async fn fresh() -> (Repository, TestDatabase) {
        store(0).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// In a separate schema, beside a store in `public` and a table with the same name in another
/// schema.
mod beside_another_store {
    use std::sync::Arc;

    use super::{PostgresConfig, PostgresDatabase, Repository, TestDatabase, in_schema};

    async fn fresh() -> (Repository, TestDatabase) {
        let (postgres, database) = in_schema("Shop's \"tasks\"", 2).await;
        let other = PostgresConfig::from_url(database.url()).unwrap();
        let other = PostgresDatabase::connect(other.with_schema("public")).await;
        other.unwrap().migrate().await.unwrap();
        let theirs = "CREATE SCHEMA theirs; CREATE TABLE theirs.task_history (id int)";
        database.execute(theirs).unwrap();
        (Arc::new(postgres.task_history()), database)
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// The entries are partitioned, and the entries of a case are in three partitions.
mod partitioned {
    use std::sync::Arc;

    use tasktrail_postgres_admin::Administrable as _;

    use super::{Repository, TestDatabase, database};

    /// The month of the entries of most cases, split after the second and the seventh entry.
    const CUT: &str = "
        DROP TABLE task_history_2026_01;
        CREATE TABLE first PARTITION OF task_history
            FOR VALUES FROM ('019b76da-a800-0000-0000-000000000000') TO ('019b796d-d600-7000-8000-000000000003');
        CREATE TABLE second PARTITION OF task_history
            FOR VALUES FROM ('019b796d-d600-7000-8000-000000000003') TO ('019b796d-d600-7000-8000-000000000008');
        CREATE TABLE third PARTITION OF task_history
            FOR VALUES FROM ('019b796d-d600-7000-8000-000000000008') TO ('019c167f-cc00-0000-0000-000000000000')";

    async fn fresh() -> (Repository, TestDatabase) {
        let (postgres, database) = database(2).await;
        let december = "2025-12-20T00:00:00Z".parse().unwrap();
        postgres.admin().partition(december, 2).await.unwrap();
        database.execute(CUT).unwrap();
        (Arc::new(postgres.task_history()), database)
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// Agents, tasks, dispatch and the audit log.
mod orchestration {
    use std::sync::Arc;

    use tasktrail_conformance::Orchestration;
    use tasktrail_postgres::PostgresOrchestration;

    use super::{TestDatabase, database};

    async fn fresh() -> (Orchestration, TestDatabase) {
        let (postgres, database) = database(2).await;
        let store = Arc::new(postgres.orchestration());
        let orchestration = Orchestration {
            agents: Arc::<PostgresOrchestration<'_>>::clone(&store),
            tasks: Arc::<PostgresOrchestration<'_>>::clone(&store),
            dispatch: Arc::<PostgresOrchestration<'_>>::clone(&store),
            audit_log: store,
            history: Arc::new(postgres.task_history()),
        };
        (orchestration, database)
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
