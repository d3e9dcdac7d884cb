//! A failed connection is reported quickly, in one line, without the password, and with a distinct
//! message for each cause.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test panics, and figures are printed"
)]

use std::time::{Duration, Instant};

use tasktrail::TaskKey;
use tasktrail::repository::ErrorChain;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, ServerOptions, TestDatabase};

/// The connect timeout.
const CONNECT: Duration = Duration::from_secs(4);

/// The minimum time of two attempts if the server does not respond.
const TWO_ATTEMPTS: Duration = Duration::from_secs(8);

const SECRET: &str = "hush-hush";

fn manager(url: String) -> DatabaseManager {
    // One connection, so that there is a single attempt without retries.
    let config = DatabaseConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        .with_postgres(|postgres| postgres.with_connect_timeout(CONNECT));
    DatabaseManager::new(config)
}

/// Returns the message of a failed connection, and the time that it took.
async fn refusal(reason: &str, url: String) -> (String, Duration) {
    let started = Instant::now();
    let error = manager(url).connect().await.unwrap_err();
    checked(reason, ErrorChain(&error).to_string(), started)
}

fn checked(reason: &str, message: String, started: Instant) -> (String, Duration) {
    let took = started.elapsed();
    println!("{reason}: reported after {took:?}: {message}");
    assert!(took < TWO_ATTEMPTS, "{reason} took {took:?}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(!message.contains(SECRET), "{message}");
    (message, took)
}

/// The first call of a service that does not migrate the schema, before it is migrated.
async fn schema_too_old(database: &TestDatabase) -> (String, Duration) {
    let manager = manager(database.url());
    let started = Instant::now();
    manager.init_connection_pool().await.unwrap();
    assert!(!manager.schema_state().await.unwrap().is_current());
    let task = TaskKey::new("user", "task").unwrap();
    let error = manager.check_task_status(&task).await.unwrap_err();
    checked("schema too old", ErrorChain(&error).to_string(), started)
}

/// A database that was migrated by a later version.
async fn schema_too_new(database: &TestDatabase) -> String {
    manager(database.url()).connect().await.unwrap();
    let later = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    database.execute(later).unwrap();
    refusal("schema too new", database.url()).await.0
}

/// A server on which the role `guarded` has a password, and a database on it.
fn guarded() -> (Server, TestDatabase) {
    let server = ServerOptions::default()
        .asks_for_the_password_of("guarded")
        .start()
        .unwrap();
    let database = TestDatabase::create(&server);
    let create =
        "CREATE ROLE guarded LOGIN PASSWORD 'right'; GRANT ALL ON SCHEMA public TO guarded";
    database.execute(create).unwrap();
    (server, database)
}

#[tokio::test]
async fn a_wrong_password_is_reported_with_the_servers_message_after_one_attempt() {
    let (server, database) = guarded();
    let url = |password: &str| {
        database
            .url()
            .replace("postgres@", &format!("guarded:{password}@"))
    };

    let (message, _took) = refusal("wrong password", url(SECRET)).await;

    let (addr, name) = (server.addr(), database.name());
    let words = "password authentication failed for user \"guarded\"";
    assert_eq!(
        message,
        format!("cannot connect to {addr}/{name}: FATAL: {words}")
    );
    // Each attempt is a line of the server's log.
    assert_eq!(server.log().matches(words).count(), 1, "{}", server.log());
    manager(url("right")).connect().await.unwrap();
}

#[tokio::test]
async fn every_cause_has_a_distinct_message() {
    let (_server, database) = guarded();
    let elsewhere = TestDatabase::new();
    let away = Proxy::to(Server::shared().addr());
    away.refuse();
    let silent = Proxy::to(Server::shared().addr());
    silent.stall(Direction::ServerToClient);
    let by = |role: &str| database.url().replace("postgres@", role);
    let unreachable = [
        (
            "wrong password",
            "password authentication failed",
            by("guarded:hush-hush@"),
        ),
        ("no password", "password missing", by("guarded@")),
        (
            "unknown role",
            "role \"nobody\" does not exist",
            by("nobody:hush-hush@"),
        ),
        (
            "unknown database",
            "database \"nowhere\" does not exist",
            database.url().replace(database.name(), "nowhere"),
        ),
        (
            "connection refused",
            "Connection refused",
            away.url(&elsewhere.url()),
        ),
        (
            "no answer",
            "no answer within 4s",
            silent.url(&elsewhere.url()),
        ),
    ];
    let mut lines = Vec::new();
    let mut words = Vec::new();
    for (reason, text, url) in unreachable {
        lines.push(refusal(reason, url).await.0);
        words.push(text);
    }
    lines.push(schema_too_old(&elsewhere).await.0);
    words.push("the schema is missing or out of date");
    lines.push(schema_too_new(&TestDatabase::new()).await);
    words.push("the schema is newer than this program, which does not know 29990101000000");

    for (index, words) in words.iter().enumerate() {
        let with_them: Vec<_> = lines.iter().filter(|line| line.contains(words)).collect();
        assert_eq!(with_them, [&lines[index]], "{words}");
    }
}
