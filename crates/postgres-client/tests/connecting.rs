//! What is said when the database cannot be reached, and how soon.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::error::Error;
use std::time::{Duration, Instant};

use tasktrail_domain::repository::ErrorChain;
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};

/// Connects to a URL where it cannot succeed; gives what is said.
async fn refusal(url: String) -> String {
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
async fn an_unknown_database_is_told_in_the_servers_words() {
    let addr = Server::shared().addr();

    let said = refusal(format!("postgres://postgres@{addr}/nowhere")).await;

    assert_eq!(
        said,
        format!("cannot connect to {addr}/nowhere: FATAL: database \"nowhere\" does not exist")
    );
}

#[tokio::test]
async fn an_unknown_user_is_told_in_the_servers_words() {
    let addr = Server::shared().addr();

    let said = refusal(format!("postgres://nobody:hush@{addr}/postgres")).await;

    assert!(
        said.ends_with("FATAL: role \"nobody\" does not exist"),
        "{said}"
    );
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn a_host_where_nobody_listens_is_told() {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    proxy.refuse();

    let said = refusal(proxy.url(&database.url())).await;

    assert!(said.starts_with("cannot connect to 127.0.0.1:"), "{said}");
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_up_in_time() {
    let database = TestDatabase::new();
    let proxy = Proxy::to(Server::shared().addr());
    proxy.stall(Direction::ServerToClient);

    let said = refusal(proxy.url(&database.url())).await;

    assert!(said.ends_with("no answer within 2s"), "{said}");
}

#[tokio::test]
async fn settings_out_of_their_range_are_told_all_at_once() {
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
async fn a_schema_of_a_newer_program_is_told_and_left_alone() {
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
