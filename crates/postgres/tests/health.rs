//! Health checks of servers in different states, and their time limit.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase, ServerRole};
use tasktrail_test_support::{ServerOptions, TestDatabase};

/// More than a responsive server takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

const LIMIT: Duration = Duration::from_secs(1);

async fn open(database: &TestDatabase) -> PostgresDatabase {
    let config = PostgresConfig::from_url(database.url())
        .and_then(|config| config.with_connections(1, 1))
        .unwrap();
    PostgresDatabase::connect(config).await.unwrap()
}

#[tokio::test]
async fn health_reports_version_role_and_schema() {
    let database = TestDatabase::new();
    let postgres = open(&database).await;
    let before = postgres.health(LONG).await.unwrap();
    assert!(before.schema.applied.is_empty() && !before.schema.is_current());

    postgres.migrate().await.unwrap();

    let after = postgres.health(LONG).await.unwrap();
    assert!(after.schema.is_current());
    assert_eq!((after.role, after.writable), (ServerRole::Primary, true));
    assert!(after.version.starts_with(char::is_numeric), "{after:?}");
    assert!(after.round_trip > Duration::ZERO && after.round_trip < LONG);
}

#[tokio::test]
async fn health_of_a_standby_reports_its_role() {
    let primary = ServerOptions::default().start().unwrap();
    let standby = primary.standby().unwrap();
    let url = format!("postgres://postgres@{}/postgres", standby.addr());
    let config = PostgresConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 1))
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();

    let health = postgres.health(LONG).await.unwrap();

    assert_eq!((health.role, health.writable), (ServerRole::Standby, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unresponsive_and_stopped_servers_are_reported_within_the_limit() {
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let postgres = open(&database).await;

    server.freeze();
    let frozen = health_error(&postgres).await;
    server.thaw();
    server.kill();
    let dead = health_error(&postgres).await;

    assert_eq!(frozen, "no answer within 1s");
    assert!(dead.starts_with("the health check failed: "), "{dead}");
    server.restart();
    postgres.health(LONG).await.unwrap();
}

/// The server does not respond during this, so without the limit it would not return.
async fn health_error(postgres: &PostgresDatabase) -> String {
    let error = postgres.health(LIMIT).await.unwrap_err();
    ErrorChain(&error).to_string()
}
