//! A service that starts before its database, and one that outlives a restart of it.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tasktrail::repository::ErrorChain;
use tasktrail::task_history::{TaskStatus, TaskStepResult};
use tasktrail::{DatabaseConfig, DatabaseError, DatabaseManager, TaskKey};
use tasktrail_test_support::{Proxy, Server, ServerOptions, TestDatabase, wait_until};
use tokio::task::JoinHandle;
use tracing::instrument::WithSubscriber;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60 * 60);

fn manager(url: String, wait: Duration) -> DatabaseManager {
    let config = DatabaseConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 2))
        .unwrap()
        .with_connect_wait(wait);
    DatabaseManager::new(config)
}

/// Starts to connect, with a log of the attempts.
fn connecting(manager: &DatabaseManager) -> (JoinHandle<Result<(), DatabaseError>>, Log) {
    let (manager, log) = (manager.clone(), Log::default());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let connecting = async move { manager.connect().await }.with_subscriber(subscriber);
    (tokio::spawn(connecting), log)
}

/// The text of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The lines about attempts that are followed by another one.
    fn waits(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(str::to_owned);
        lines.filter(|line| line.contains("out of reach")).collect()
    }

    fn wait_until_waiting(&self) {
        wait_until("an attempt has failed", || !self.waits().is_empty());
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn save(manager: &DatabaseManager, step: u16) -> TaskStatus {
    let task = TaskKey::new("alice", "report").unwrap();
    let result = TaskStepResult::builder("fetch", TaskStatus::Running).build();
    let saved = manager.save_task_history(&task, step.into(), result.unwrap());
    saved.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_waits_for_a_server_that_starts_later() {
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    server.stop();
    let manager = manager(database.url(), LONG);

    let (connecting, log) = connecting(&manager);
    log.wait_until_waiting();
    assert_eq!(
        manager.health().await.reasons,
        ["not connected: call connect first"]
    );
    server.restart();
    connecting.await.unwrap().unwrap();

    assert_eq!(save(&manager, 0).await, TaskStatus::Running);
    let first = log.waits().remove(0);
    let expected = format!(
        "WARN the database is out of reach, waiting for it error=cannot connect to {}/{}: ",
        server.addr(),
        database.name()
    );
    assert!(first.trim_start().starts_with(&expected), "{first}");
    assert!(first.contains(" retry_in=100ms giving_up_in="), "{first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_waits_for_a_connection_to_spare() {
    let database = TestDatabase::new();
    let crowded = "CREATE ROLE crowded LOGIN; GRANT ALL ON SCHEMA public TO crowded";
    database.execute(crowded).unwrap();
    let limit = |number: &str| {
        let name = database.name();
        let limited = format!("ALTER DATABASE {name} CONNECTION LIMIT {number}");
        database.execute(&limited).unwrap();
    };
    limit("0");
    let manager = manager(database.url().replace("postgres@", "crowded@"), LONG);

    let (connecting, log) = connecting(&manager);
    log.wait_until_waiting();
    limit("-1");
    connecting.await.unwrap().unwrap();

    let first = log.waits().remove(0);
    assert!(
        first.contains("too many connections for database"),
        "{first}"
    );
    save(&manager, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_does_not_wait_for_what_an_operator_must_change() {
    let server = ServerOptions::default()
        .asks_for_the_password_of("guarded")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let guarded = "CREATE ROLE guarded LOGIN PASSWORD 'right'";
    database.execute(guarded).unwrap();
    let newer = TestDatabase::create(&server);
    let migrated = manager(newer.url(), Duration::ZERO);
    migrated.connect().await.unwrap();
    let later = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    newer.execute(later).unwrap();
    let url = database.url();

    for (url, words) in [
        (
            url.replace("postgres@", "guarded:wrong@"),
            "password authentication failed for user \"guarded\"",
        ),
        (
            url.replace(database.name(), "nowhere"),
            "database \"nowhere\" does not exist",
        ),
        (newer.url(), "the schema is newer than this program"),
        (
            format!("{url}?sslmode=require"),
            "server does not support TLS",
        ),
    ] {
        let (connecting, log) = connecting(&manager(url, LONG));
        let error = connecting.await.unwrap().unwrap_err();

        let message = ErrorChain(&error).to_string();
        assert!(message.contains(words), "{message}");
        assert_eq!(log.waits(), [""; 0], "{message}");
    }
}

#[tokio::test]
async fn last_error_is_returned_at_the_end_of_the_wait() {
    let (database, away) = (TestDatabase::new(), Proxy::to(Server::shared().addr()));
    away.refuse();
    let manager = manager(away.url(&database.url()), Duration::from_millis(150));

    let (connecting, log) = connecting(&manager);
    let error = connecting.await.unwrap().unwrap_err();

    let message = ErrorChain(&error).to_string();
    assert!(message.contains("Connection refused"), "{message}");
    assert!(!log.waits().is_empty());
    away.accept();
    manager.connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn close_ends_every_connect_that_waits() {
    let (database, away) = (TestDatabase::new(), Proxy::to(Server::shared().addr()));
    away.refuse();
    let manager = manager(away.url(&database.url()), LONG);
    let (first, log) = connecting(&manager);
    log.wait_until_waiting();
    let (second, _its_log) = connecting(&manager);

    manager.close().await;

    let ended = first.await.unwrap().unwrap_err();
    assert!(matches!(ended, DatabaseError::Closed), "{ended:?}");
    away.accept();
    // It ends with an error if it started before the close, or else it connects.
    if let Err(ended) = second.await.unwrap() {
        assert!(matches!(ended, DatabaseError::Closed), "{ended:?}");
    }
    manager.connect().await.unwrap();
    save(&manager, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_connect_leaves_the_manager_ready_for_another_one() {
    let (database, away) = (TestDatabase::new(), Proxy::to(Server::shared().addr()));
    away.refuse();
    let manager = manager(away.url(&database.url()), LONG);
    let (connecting, log) = connecting(&manager);
    log.wait_until_waiting();

    connecting.abort();
    assert!(connecting.await.unwrap_err().is_cancelled());

    away.accept();
    manager.connect().await.unwrap();
    save(&manager, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_succeed_after_a_restart_of_the_server() {
    let server = ServerOptions::default().start().unwrap();
    let database = TestDatabase::create(&server);
    let manager = manager(database.url(), Duration::ZERO);
    manager.connect().await.unwrap();
    save(&manager, 0).await;

    server.restart();
    save(&manager, 1).await;

    let task = TaskKey::new("alice", "report").unwrap();
    let steps = manager.load_task_history(&task).await.unwrap();
    assert_eq!(steps.len(), 2);
}
