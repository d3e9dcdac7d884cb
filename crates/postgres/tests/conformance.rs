//! The contract, on a real server, by a role that may do nothing but own its database.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::Repository;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

async fn store(writers: u32) -> (Repository, TestDatabase) {
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
        // The suite proves what is answered, not how soon: a busy machine is no failure.
        .with_acquire_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(60))
        .with_group_commit(writers);
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    (Arc::new(postgres.task_history()), database)
}

/// Saves share statements.
mod grouped {
    use super::{Repository, TestDatabase, store};

    async fn fresh() -> (Repository, TestDatabase) {
        store(2).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}

/// Each save is a statement.
mod one_by_one {
    use super::{Repository, TestDatabase, store};

    async fn fresh() -> (Repository, TestDatabase) {
        store(0).await
    }

    tasktrail_conformance::task_history_suite!(fresh);
}
