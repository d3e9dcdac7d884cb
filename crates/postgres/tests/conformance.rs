//! The contract, on a real server.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::Repository;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::TestDatabase;

async fn fresh() -> (Repository, TestDatabase) {
    let database = TestDatabase::new();
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 8))
        .unwrap()
        // The suite proves what is answered, not how soon: a busy machine is no failure.
        .with_acquire_timeout(Duration::from_secs(60))
        .with_connect_timeout(Duration::from_secs(60));
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    (Arc::new(postgres.task_history()), database)
}

tasktrail_conformance::task_history_suite!(fresh);
