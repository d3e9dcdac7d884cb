//! Errors of a failed connect, and how soon they are returned.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::error::Error;
use std::time::{Duration, Instant};

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};

/// Connects to a URL that cannot succeed, and returns the error chain.
async fn connect_error(url: String) -> String {
    let limit = Duration::from_secs(2);
    let config = PostgresConfig::from_url(url)
        .unwrap()
        .with_connect_timeout(limit);
    let started = Instant::now();
    let error = PostgresDatabase::connect(config).await.unwrap_err();
    let took = started.elapsed();
    assert!(took < limit * 2, "it was tried more than once: {took:?}");
    assert!(error.source().is_some());
    ErrorChain(&error).to_string()
}

#[tokio::test]
async fn unknown_database_error_has_the_server_message() {
    let addr = Server::shared().addr();

    let message = connect_error(format!("postgres://postgres@{addr}/nowhere")).await;

    assert_eq!(
        message,
        format!("cannot connect to {addr}/nowhere: FATAL: database \"nowhere\" does not exist")
    );
}

#[tokio::test]
async fn unknown_user_error_has_the_server_message() {
    let addr = Server::shared().addr();

    let message = connect_error(format!("postgres://nobody:hush@{addr}/postgres")).await;

    assert!(
        message.ends_with("FATAL: role \"nobody\" does not exist"),
        "{message}"
    );
    assert!(!message.contains("hush"), "{message}");
}

#[tokio::test]
async fn refused_connection_names_the_host() {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    proxy.refuse();

    let message = connect_error(proxy.url(&database.url())).await;

    assert!(
        message.starts_with("cannot connect to 127.0.0.1:"),
        "{message}"
    );
}

#[tokio::test]
async fn unresponsive_host_times_out() {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    proxy.stall(Direction::ServerToClient);

    let message = connect_error(proxy.url(&database.url())).await;

    assert!(message.ends_with("no answer within 2s"), "{message}");
}

#[tokio::test]
async fn all_invalid_settings_are_reported_together() {
    let config = PostgresConfig::from_url("postgres://127.0.0.1:1/d")
        .unwrap()
        .with_connect_timeout(Duration::ZERO)
        .with_application_name("");

    let error = PostgresDatabase::connect(config).await.unwrap_err();

    assert_eq!(
        ErrorChain(&error).to_string(),
        "cannot connect to 127.0.0.1:1/d: pool.connect_timeout must be between 1ms and 3600s, got \
         0ns; application_name must be 1 to 63 printable ASCII characters, got \"\""
    );
}

#[tokio::test]
async fn schema_of_a_newer_program_is_reported_and_unchanged() {
    let database = TestDatabase::new();
    let config = PostgresConfig::from_url(database.url()).unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    postgres.migrate().await.unwrap();
    let newer = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    database.execute(newer).unwrap();

    let error = postgres.migrate().await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "the schema is newer than this program, which does not know 29990101000000"
    );
    let schema = postgres.schema().await.unwrap();
    assert_eq!((schema.pending.len(), schema.unknown.len()), (0, 1));
}
