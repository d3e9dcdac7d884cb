//! The order of new entries, also after rows were copied without the sequence of their ids.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step of a test is a panic"
)]

mod copied_rows;
mod misplaced_revisions;

use std::time::Duration;

use tasktrail_conformance::fixture::{Writer, task};
use tasktrail_domain::repository::{Effect, ErrorChain, ErrorKind, RepositoryError};
use tasktrail_domain::task_history::TaskStatus::Completed;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_postgres_admin::Administrable as _;
use tasktrail_test_support::TestDatabase;

async fn open(url: String, writers: u32) -> PostgresDatabase {
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 16))
        .unwrap()
        // 64 callers save the same task, which takes long on a loaded machine.
        .with_acquire_timeout(Duration::from_secs(60))
        .with_lock_timeout(Duration::from_secs(60))
        .with_group_commit(writers);
    PostgresDatabase::connect(config).await.unwrap()
}

/// A migrated database, optionally partitioned.
async fn migrated(database: &TestDatabase, partitioned: bool) -> PostgresDatabase {
    let postgres = open(database.url(), 0).await;
    postgres.migrate().await.unwrap();
    if partitioned {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        postgres.admin().partition(now, 1).await.unwrap();
    }
    postgres
}

/// Saves three steps of `report`, and the first of them twice: ids 1 to 4.
async fn fill(postgres: &PostgresDatabase, writer: &Writer) {
    let history = postgres.task_history();
    for entry in writer.steps(&task("report"), 3) {
        history.save(&entry).await.unwrap();
    }
    let again = writer.step(&task("report"), 0, Completed);
    history.save(&again).await.unwrap();
}

fn assert_out_of_order(saved: Result<TaskStatus, RepositoryError>) {
    let error = saved.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Corrupt, Effect::NotApplied),
        "{error:?}"
    );
    let message = ErrorChain(&error).to_string();
    assert!(message.contains("tasktrail migrate order"), "{message}");
}
