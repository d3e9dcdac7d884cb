//! The health of a store, and closing a manager.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::time::Duration;

use tasktrail::TaskKey;
use tasktrail::repository::{Effect, ErrorKind};
use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseError, DatabaseManager, Health, HealthState};
use tasktrail_test_support::{ServerOptions, TableLock, TestDatabase, wait_until};

/// A manager with a long timeout for health checks, for test machines under load.
fn manager(database: &TestDatabase) -> DatabaseManager {
    manager_with(database, Duration::from_secs(60))
}

fn manager_with(database: &TestDatabase, health_timeout: Duration) -> DatabaseManager {
    let config = DatabaseConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        .with_health_timeout(health_timeout)
        // Without batching, so that each save needs a connection.
        .with_postgres(|postgres| postgres.with_group_commit(0));
    DatabaseManager::new(config)
}

fn summary(health: &Health) -> (HealthState, Vec<&str>) {
    let reasons = health.reasons.iter().map(String::as_str).collect();
    (health.state, reasons)
}

#[tokio::test]
async fn in_memory_manager_is_healthy() {
    let health = DatabaseManager::in_memory().health().await;

    assert_eq!(summary(&health), (HealthState::Healthy, vec![]));
    assert!(health.database.is_none());
}

#[tokio::test]
async fn manager_is_healthy_between_connect_and_close() {
    let database = TestDatabase::new();
    let manager = manager(&database);
    let before = manager.health().await;
    manager.init_connection_pool().await.unwrap();
    let without_schema = manager.health().await;
    manager.connect().await.unwrap();
    let connected = manager.health().await;
    manager.close().await;
    let closed = manager.health().await;

    let unhealthy = HealthState::Unhealthy;
    assert_eq!(
        summary(&before),
        (unhealthy, vec!["not connected: call connect first"])
    );
    assert_eq!(
        summary(&without_schema),
        (
            unhealthy,
            vec![
                "no store exists in the schema public: run `tasktrail migrate`, or set `schema` \
                 (TASKTRAIL_SCHEMA) to the schema of the store"
            ]
        )
    );
    assert_eq!(summary(&connected), (HealthState::Healthy, vec![]));
    let found = connected.database.unwrap();
    assert!(found.server.unwrap().schema.is_current());
    assert_eq!((found.pool.size, found.pool.maximum), (1, 1));
    assert_eq!(
        summary(&closed),
        (unhealthy, vec!["the database manager was closed"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_pool_is_degraded_and_close_cancels_calls_after_the_timeout() {
    let database = TestDatabase::new();
    let manager = manager(&database);
    manager.connect().await.unwrap();
    let lock = TableLock::on(&database, "task_summary");
    let task = TaskKey::new("user", "task").unwrap();
    let saves: Vec<_> = (0..3)
        .map(|_| {
            let (manager, task) = (manager.clone(), task.clone());
            let step = TaskStepResult::builder("step", TaskStatus::Running).build();
            tokio::spawn(async move {
                let step = step.unwrap();
                manager
                    .save_task_history(&task, StepNumber::MIN, step)
                    .await
            })
        })
        .collect();
    wait_until("two saves wait for the connection of the third", || {
        manager.pool_statistics().unwrap().unwrap().waiting == 2
    });

    let full = manager.health().await;
    let closing = manager.close_within(Duration::from_millis(50)).await;

    let reason = "all 1 connections are in use and 2 calls wait for one";
    assert_eq!(summary(&full), (HealthState::Degraded, vec![reason]));
    assert_eq!((closing.cancelled, closing.rejected), (1, 2));
    let mut effects = Vec::new();
    for save in saves {
        match save.await.unwrap().unwrap_err() {
            DatabaseError::Repository(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                effects.push(error.effect());
            }
            other => assert!(matches!(other, DatabaseError::Closed), "{other}"),
        }
    }
    let unknown = effects.iter().filter(|effect| **effect == Effect::Unknown);
    assert_eq!(unknown.count(), 1, "{effects:?}");

    drop(lock);
    manager.connect().await.unwrap();
    assert_eq!(manager.health().await.state, HealthState::Healthy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_server_is_unhealthy_within_the_timeout() {
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let manager = manager_with(&database, Duration::from_secs(1));
    manager.connect().await.unwrap();

    // The server does not respond: without the timeout this would hang.
    server.freeze();
    let frozen = manager.health().await;
    server.thaw();

    assert_eq!(
        summary(&frozen),
        (HealthState::Unhealthy, vec!["no answer within 1s"])
    );
    wait_until("it is healthy again", || {
        let runtime = tokio::runtime::Handle::current();
        let health = tokio::task::block_in_place(|| runtime.block_on(manager.health()));
        health.state == HealthState::Healthy
    });
}
