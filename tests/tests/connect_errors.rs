//! Why a service cannot reach its history is said at once, in one line, in which no password stands, and
//! no two reasons are said alike.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed step of a test is a panic, and figures are printed"
)]

use std::time::{Duration, Instant};

use tasktrail::repository::ErrorChain;
use tasktrail::task_history::TaskKey;
use tasktrail::{DatabaseConfig, DatabaseManager};
use tasktrail_test_support::{Direction, Proxy, Server, ServerOptions, TestDatabase};

/// How long the opening of a connection may take.
const CONNECT: Duration = Duration::from_secs(4);

/// A failed call that is repeated takes this long or longer when the server is silent.
const TWO_ATTEMPTS: Duration = Duration::from_secs(8);

const SECRET: &str = "hush-hush";

fn manager(url: String) -> DatabaseManager {
    // One connection, and so one attempt where nothing is repeated.
    let config = DatabaseConfig::from_url(url)
        .and_then(|config| config.with_connections(1, 1))
        .unwrap()
        .with_postgres(|postgres| postgres.with_connect_timeout(CONNECT));
    DatabaseManager::new(config)
}

/// What is said where nobody can connect, and how soon.
async fn refusal(reason: &str, url: String) -> (String, Duration) {
    let started = Instant::now();
    let error = manager(url).connect().await.unwrap_err();
    told(reason, ErrorChain(&error).to_string(), started)
}

fn told(reason: &str, said: String, started: Instant) -> (String, Duration) {
    let took = started.elapsed();
    println!("{reason}: told after {took:?}: {said}");
    assert!(took < TWO_ATTEMPTS, "{reason} took {took:?}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains(SECRET), "{said}");
    (said, took)
}

/// The first call of a service that leaves the schema to others, who have not migrated yet.
async fn schema_too_old(database: &TestDatabase) -> (String, Duration) {
    let manager = manager(database.url());
    let started = Instant::now();
    manager.init_connection_pool().await.unwrap();
    assert!(!manager.schema_state().await.unwrap().is_current());
    let task = TaskKey::new("user", "task").unwrap();
    let error = manager.check_task_status(&task).await.unwrap_err();
    told("schema too old", ErrorChain(&error).to_string(), started)
}

/// A database that a later version has migrated.
async fn schema_too_new(database: &TestDatabase) -> String {
    manager(database.url()).connect().await.unwrap();
    let later = "INSERT INTO tasktrail_migrations (version) VALUES ('29990101000000')";
    database.execute(later).unwrap();
    refusal("schema too new", database.url()).await.0
}

/// A server on which `guarded` has a password, and a database on it.
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
async fn a_wrong_password_is_reported_in_the_servers_words_after_one_attempt() {
    let (server, database) = guarded();
    let url = |password: &str| {
        database
            .url()
            .replace("postgres@", &format!("guarded:{password}@"))
    };

    let (said, _took) = refusal("wrong password", url(SECRET)).await;

    let (addr, name) = (server.addr(), database.name());
    let words = "password authentication failed for user \"guarded\"";
    assert_eq!(
        said,
        format!("cannot connect to {addr}/{name}: FATAL: {words}")
    );
    // Each attempt is a line of the server's log.
    assert_eq!(server.log().matches(words).count(), 1, "{}", server.log());
    manager(url("right")).connect().await.unwrap();
}

#[tokio::test]
async fn no_two_reasons_are_said_alike() {
    let (_server, database) = guarded();
    let elsewhere = TestDatabase::new();
    let away = Proxy::to(Server::shared().addr());
    away.refuse();
    let silent = Proxy::to(Server::shared().addr());
    silent.stall(Direction::ServerToClient);
    let by = |who: &str| database.url().replace("postgres@", who);
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
            "nobody listens",
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
    for (reason, said_of_it, url) in unreachable {
        lines.push(refusal(reason, url).await.0);
        words.push(said_of_it);
    }
    lines.push(schema_too_old(&elsewhere).await.0);
    words.push("the schema is not there or not up to date");
    lines.push(schema_too_new(&TestDatabase::new()).await);
    words.push("the schema is newer than this program, which does not know 29990101000000");

    for (index, words) in words.iter().enumerate() {
        let with_them: Vec<_> = lines.iter().filter(|line| line.contains(words)).collect();
        assert_eq!(with_them, [&lines[index]], "{words}");
    }
}
