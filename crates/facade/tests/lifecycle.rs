//! A manager that fails to connect, is closed during a connect, or outlives its runtime.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::time::Duration;

use tasktrail::TaskKey;
use tasktrail::repository::{ErrorChain, ErrorKind};
use tasktrail::task_history::{TaskStatus, TaskStepResult};
use tasktrail::{
    DatabaseConfig, DatabaseError, DatabaseManager, MaintenancePolicy, MigrateError, Schedule,
};
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};
use tokio::runtime::Runtime;

fn manager(database: &TestDatabase) -> DatabaseManager {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(2, 4))
        .unwrap();
    DatabaseManager::new(config)
}

async fn save(manager: &DatabaseManager) -> Result<TaskStatus, DatabaseError> {
    let task = TaskKey::new("alice", "report").unwrap();
    let step = TaskStepResult::builder("fetch", TaskStatus::Running);
    let step = step.build().unwrap();
    manager.save_task_history(&task, 0.into(), step).await
}

fn sessions(database: &TestDatabase) -> usize {
    let others = "SELECT FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND backend_type = 'client backend'";
    database.execute(others).unwrap().len()
}

/// Moves the sequence behind the existing rows, as if they had been copied without it.
const REWIND: &str = "SELECT setval(pg_get_serial_sequence('task_history', 'id'), 1, false)";

#[tokio::test(flavor = "multi_thread")]
async fn refused_store_leaves_the_manager_not_connected() {
    let database = TestDatabase::new();
    let first = manager(&database);
    first.connect().await.unwrap();
    save(&first).await.unwrap();
    first.close().await;
    database.execute(REWIND).unwrap();
    let manager = manager(&database);

    let refused = manager.connect().await.unwrap_err();

    assert!(
        matches!(
            refused,
            DatabaseError::Migrate(MigrateError::OutOfOrder { .. })
        ),
        "{refused:?}"
    );
    let saved = save(&manager).await.unwrap_err();
    assert!(matches!(saved, DatabaseError::NotConnected), "{saved:?}");
    wait_until("the connections are closed", || sessions(&database) == 0);
    manager.init_connection_pool().await.unwrap();
    manager.repair_entry_order().await.unwrap();
    manager.connect().await.unwrap();
    save(&manager).await.unwrap();
}

/// Starts a migration that blocks on a lock, when it writes the first comment on a table.
fn migrating(
    database: &TestDatabase,
) -> (
    TableLock,
    DatabaseManager,
    tokio::task::JoinHandle<Result<(), DatabaseError>>,
) {
    let lock = TableLock::on(database, "pg_description");
    let manager = manager(database);
    let connecting = tokio::spawn({
        let manager = manager.clone();
        async move { manager.connect().await }
    });
    (lock, manager, connecting)
}

#[tokio::test(flavor = "multi_thread")]
async fn close_waits_for_a_migration() {
    let database = TestDatabase::new();
    let (lock, manager, connecting) = migrating(&database);
    wait_until("the migration waits", || lock.waiting() == 1);
    let closing = tokio::spawn({
        let manager = manager.clone();
        async move { manager.close_within(Duration::from_secs(60)).await }
    });
    wait_until("the manager is closed", || manager.task_history().is_err());
    drop(lock);

    let closing = closing.await.unwrap();

    assert_eq!((closing.finished, closing.cancelled), (1, 0), "{closing:?}");
    let connected = connecting.await.unwrap().unwrap_err();
    assert!(matches!(connected, DatabaseError::Closed), "{connected:?}");
    let tables = database.execute("SELECT FROM task_history").unwrap();
    assert_eq!(tables.len(), 0, "the migration has finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn close_cancels_a_migration_at_its_deadline() {
    let database = TestDatabase::new();
    let (lock, manager, connecting) = migrating(&database);
    wait_until("the migration waits", || lock.waiting() == 1);

    let closing = manager.close_within(Duration::ZERO).await;

    assert_eq!((closing.finished, closing.cancelled), (0, 1), "{closing:?}");
    let connected = connecting.await.unwrap().unwrap_err();
    assert!(matches!(connected, DatabaseError::Closed), "{connected:?}");
    drop(lock);
    let tables = database
        .execute("SELECT to_regclass('task_history')")
        .unwrap();
    assert_eq!(tables, [vec![None]], "the migration was rolled back");
    manager.connect().await.unwrap();
    save(&manager).await.unwrap();
}

#[test]
fn maintenance_outside_of_a_runtime_fails() {
    let manager = DatabaseManager::in_memory();
    let policy = MaintenancePolicy::new(Schedule::Every(Duration::from_secs(60)));

    let refused = manager.maintenance(policy).unwrap_err();

    assert!(matches!(refused, DatabaseError::NoRuntime), "{refused:?}");
}

#[test]
fn calls_after_the_runtime_of_connect_has_shut_down_report_it() {
    let database = TestDatabase::new();
    let manager = manager(&database);
    let first = Runtime::new().unwrap();
    first.block_on(manager.connect()).unwrap();
    first.block_on(save(&manager)).unwrap();
    drop(first);
    let second = Runtime::new().unwrap();

    let alone = second.block_on(save(&manager)).unwrap_err();
    let (one, other) = second.block_on(async { tokio::join!(save(&manager), save(&manager)) });

    for error in [alone, one.unwrap_err(), other.unwrap_err()] {
        let message = ErrorChain(&error).to_string();
        assert!(
            message.contains("the runtime that `connect` ran on has shut down"),
            "{message}"
        );
        let DatabaseError::Repository(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind(), ErrorKind::Closed);
    }
    second.block_on(manager.close());
    second.block_on(manager.connect()).unwrap();
    second.block_on(save(&manager)).unwrap();
}
