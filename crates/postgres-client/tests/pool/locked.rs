//! Saves that block until the test unlocks the table.

use std::sync::Arc;
use std::time::Duration;

use tasktrail_conformance::fixture::Writer;
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::RepositoryError;
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};
use tokio::task::JoinHandle;

pub(crate) async fn open(
    database: &TestDatabase,
    settings: impl FnOnce(PostgresConfig) -> PostgresConfig,
) -> PostgresDatabase {
    // No group commit, so that each save needs a connection.
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        // Longer than any test holds the lock.
        .with_statement_timeout(Duration::from_secs(600))
        .with_group_commit(0);
    let postgres = PostgresDatabase::connect(settings(config)).await.unwrap();
    postgres.migrate().await.unwrap();
    postgres
}

/// A database with a lock that blocks every save until [`unlock`](Self::unlock).
pub(crate) struct Locked {
    lock: Option<TableLock>,
    pub(crate) postgres: PostgresDatabase,
    pub(crate) database: TestDatabase,
}

pub(crate) type Call = JoinHandle<Result<TaskStatus, RepositoryError>>;

impl Locked {
    pub(crate) async fn new(settings: impl FnOnce(PostgresConfig) -> PostgresConfig) -> Self {
        let database = TestDatabase::new();
        let postgres = open(&database, settings).await;
        Self {
            lock: Some(TableLock::on(&database, "task_history")),
            postgres,
            database,
        }
    }

    /// Starts `number` saves, and waits until `connections` of them hold a connection and the
    /// others wait for one.
    pub(crate) fn saves(&self, number: u16, connections: u16) -> Vec<Call> {
        let task = TaskKey::new("user", "task").unwrap();
        let histories = Arc::new(self.postgres.task_history());
        let entries = Writer::default().steps(&task, number).into_iter();
        let calls = entries
            .map(|entry| {
                let histories = Arc::clone(&histories);
                tokio::spawn(async move { histories.save(&entry).await })
            })
            .collect();
        let waiting = u32::from(number - connections);
        wait_until(
            "the saves to wait for a connection or for the table",
            || {
                let statistics = self.postgres.pool_statistics();
                statistics.waiting == waiting
                    && self.waiting_for_table() == usize::from(connections)
            },
        );
        calls
    }

    /// The number of saves that wait for the table.
    pub(crate) fn waiting_for_table(&self) -> usize {
        self.lock.as_ref().map_or(0, TableLock::waiting)
    }

    /// Lets the saves finish.
    pub(crate) fn unlock(&mut self) {
        self.lock = None;
    }
}
