//! What is said when the database cannot be reached, and how soon.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::error::Error;
use std::time::{Duration, Instant};

use tasktrail_domain::repository::{Chain, Effect, ErrorKind};
use tasktrail_domain::task_history::{TaskHistoryRepository, TaskKey};
use tasktrail_postgres::{PostgresConfig, PostgresDatabase};
use tasktrail_test_support::{Direction, Proxy, Server, TestDatabase};

/// Connects to a URL where it cannot succeed; gives what is said.
async fn refusal(url: String) -> String {
    let config = PostgresConfig::from_url(url)
        .unwrap()
        .with_connect_timeout(Duration::from_secs(2));
    let started = Instant::now();
    let error = PostgresDatabase::connect(config).await.unwrap_err();
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "took {:?}",
        started.elapsed()
    );
    assert!(error.source().is_some());
    Chain(&error).to_string()
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
async fn a_closed_database_says_so() {
    let database = TestDatabase::new();
    let config = PostgresConfig::from_url(database.url())
        .unwrap()
        .with_connections(1, 1)
        .unwrap();
    let postgres = PostgresDatabase::connect(config).await.unwrap();
    let histories = postgres.task_history();
    postgres.migrate().await.unwrap();

    postgres.close();

    let error = histories
        .status(&TaskKey::new("u", "t").unwrap())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (ErrorKind::Closed, Effect::None)
    );
    assert_eq!(
        Chain(&error).to_string(),
        "task_history.status: the store was closed"
    );
}
