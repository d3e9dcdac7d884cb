//! Provokes the classified errors on a real server, to detect an upgrade of the server or the
//! driver that changes one.

use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_test_support::{Server, TestDatabase};

use super::{classify, is_missing_schema};
use crate::config::PostgresConfig;
use crate::connection::{Connector, Session};

async fn connect(url: String) -> AsyncPgConnection {
    let config = PostgresConfig::from_url(url).unwrap();
    let session = Session {
        statement_timeout: std::time::Duration::from_secs(10),
    };
    Connector::new(config).unwrap().open(session).await.unwrap()
}

async fn execute(connection: &mut AsyncPgConnection, sql: &str) -> QueryResult<usize> {
    diesel_async::RunQueryDsl::execute(diesel::sql_query(sql), connection).await
}

/// Classifies the error of a statement that must fail.
async fn failure(connection: &mut AsyncPgConnection, sql: &str) -> (ErrorKind, Effect) {
    classify(&execute(connection, sql).await.unwrap_err())
}

#[tokio::test]
async fn refused_statement_is_not_applied() {
    let database = TestDatabase::new();
    database
        .execute("CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0), m int NOT NULL DEFAULT 0)")
        .unwrap();
    database.execute("INSERT INTO t VALUES (1)").unwrap();
    let mut connection = connect(database.url()).await;

    for (sql, kind) in [
        ("INSERT INTO t VALUES (1)", ErrorKind::Refused),
        ("INSERT INTO t VALUES (-1)", ErrorKind::Refused),
        ("INSERT INTO t VALUES (2, NULL)", ErrorKind::Refused),
        ("SELECT nothing FROM nowhere", ErrorKind::Unexpected),
        (
            "DO $$ BEGIN RAISE serialization_failure; END $$",
            ErrorKind::Contention,
        ),
    ] {
        assert_eq!(
            failure(&mut connection, sql).await,
            (kind, Effect::NotApplied),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn missing_table_of_a_host_is_no_missing_schema() {
    let database = TestDatabase::new();
    database.execute("CREATE TABLE task_queue (n int)").unwrap();
    let mut connection = connect(database.url()).await;

    for (sql, missing) in [
        ("SELECT n FROM task_graph", true),
        ("SELECT n FROM agent", true),
        ("SELECT n FROM task_nowhere", false),
        ("SELECT n FROM nowhere", false),
        ("SELECT nothing FROM task_queue", true),
        ("SELECT task_queue.nothing FROM task_queue", true),
        ("SELECT nothing()", false),
        ("SELECT n FROM task_queue WHERE", false),
    ] {
        let error = execute(&mut connection, sql).await.unwrap_err();
        assert_eq!(is_missing_schema(&error), missing, "{sql}: {error}");
    }
}

#[tokio::test]
async fn timed_out_statement_is_not_applied() {
    let database = TestDatabase::new();
    let mut connection = connect(database.url()).await;
    connection
        .batch_execute("SET statement_timeout = 50")
        .await
        .unwrap();

    let failed = failure(&mut connection, "SELECT pg_sleep(30)").await;

    assert_eq!(failed, (ErrorKind::TimedOut, Effect::NotApplied));
}

#[tokio::test]
async fn lock_timeout_is_contention() {
    let database = TestDatabase::new();
    database.execute("CREATE TABLE t (n int)").unwrap();
    let mut holder = connect(database.url()).await;
    holder.batch_execute("BEGIN; LOCK TABLE t").await.unwrap();
    let mut waiter = connect(database.url()).await;
    waiter.batch_execute("SET lock_timeout = 50").await.unwrap();

    let timed_out = failure(&mut waiter, "INSERT INTO t VALUES (1)").await;
    let refused = failure(&mut waiter, "LOCK TABLE t NOWAIT").await;

    assert_eq!(timed_out, (ErrorKind::Contention, Effect::NotApplied));
    // Outside a transaction the server refuses the statement itself.
    assert_eq!(refused.1, Effect::NotApplied);
}

#[tokio::test]
async fn deadlock_is_contention() {
    let database = TestDatabase::new();
    database
        .execute("CREATE TABLE t (n int PRIMARY KEY)")
        .unwrap();
    database.execute("INSERT INTO t VALUES (1), (2)").unwrap();
    let mut one = connect(database.url()).await;
    let mut other = connect(database.url()).await;
    one.batch_execute("BEGIN; UPDATE t SET n = n WHERE n = 1")
        .await
        .unwrap();
    other
        .batch_execute("BEGIN; UPDATE t SET n = n WHERE n = 2")
        .await
        .unwrap();

    let (first, second) = tokio::join!(
        execute(&mut one, "UPDATE t SET n = n WHERE n = 2"),
        execute(&mut other, "UPDATE t SET n = n WHERE n = 1"),
    );

    let victim = first.err().or(second.err()).unwrap();
    assert_eq!(
        classify(&victim),
        (ErrorKind::Contention, Effect::NotApplied)
    );
}

#[tokio::test]
async fn serialization_failure_is_contention() {
    let database = TestDatabase::new();
    database.execute("CREATE TABLE t (n int)").unwrap();
    database.execute("INSERT INTO t VALUES (1)").unwrap();
    let mut connection = connect(database.url()).await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t";
    connection.batch_execute(begin).await.unwrap();
    database.execute("UPDATE t SET n = 2").unwrap();

    let failed = failure(&mut connection, "UPDATE t SET n = 3").await;

    assert_eq!(failed, (ErrorKind::Contention, Effect::NotApplied));
}

#[tokio::test]
async fn missing_privilege_is_refused() {
    let database = TestDatabase::new();
    let role = format!("reader_of_{}", database.name());
    database.execute("CREATE TABLE t (n int)").unwrap();
    database.execute(&format!("CREATE ROLE {role}")).unwrap();
    let mut connection = connect(database.url()).await;
    connection
        .batch_execute(&format!("SET ROLE {role}"))
        .await
        .unwrap();

    let failed = failure(&mut connection, "INSERT INTO t VALUES (1)").await;

    assert_eq!(failed, (ErrorKind::Refused, Effect::NotApplied));
    connection.batch_execute("RESET ROLE").await.unwrap();
    database.execute(&format!("DROP ROLE {role}")).unwrap();
}

#[tokio::test]
async fn read_only_server_is_unavailable() {
    let database = TestDatabase::new();
    database.execute("CREATE TABLE t (n int)").unwrap();
    let mut connection = connect(database.url()).await;
    connection
        .batch_execute("SET default_transaction_read_only = on")
        .await
        .unwrap();

    let failed = failure(&mut connection, "INSERT INTO t VALUES (1)").await;

    assert_eq!(failed, (ErrorKind::Unavailable, Effect::NotApplied));
}

#[tokio::test]
async fn lost_connection_leaves_the_effect_unknown() {
    let database = TestDatabase::new();
    let mut connection = connect(database.url()).await;
    let name = database.name();
    let cut =
        format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");

    let running = execute(&mut connection, "SELECT pg_sleep(30)");
    let cutting = tokio::task::spawn_blocking(move || {
        tasktrail_test_support::wait_until("the statement to run", || {
            let active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
            !database.execute(active).unwrap().is_empty()
        });
        tasktrail_test_support::simple_query::execute(Server::shared().addr(), "postgres", &cut)
            .unwrap();
        database
    });
    let (failed, _database) = tokio::join!(running, cutting);

    let (kind, _) = classify(&failed.unwrap_err());
    assert_eq!(kind, ErrorKind::Unavailable);
    let later = failure(&mut connection, "SELECT 1").await;
    assert_eq!(later, (ErrorKind::Unavailable, Effect::Unknown));
}

#[tokio::test]
async fn connection_limit_is_reported() {
    let database = TestDatabase::new();
    let limit = format!("ALTER DATABASE {} CONNECTION LIMIT 0", database.name());
    database.execute("CREATE ROLE guest LOGIN").ok();
    database.execute(&limit).unwrap();
    let url = database.url().replace("postgres@", "guest@");

    let config = PostgresConfig::from_url(url).unwrap();
    let session = Session {
        statement_timeout: std::time::Duration::ZERO,
    };
    let refused = Connector::new(config)
        .unwrap()
        .open(session)
        .await
        .err()
        .unwrap();

    assert!(
        refused
            .to_string()
            .contains("too many connections for database"),
        "{refused}"
    );
}

#[tokio::test]
async fn broken_transaction_is_unavailable() {
    let database = TestDatabase::new();
    let mut connection = connect(database.url()).await;
    let terminate_self = "SELECT pg_terminate_backend(pg_backend_pid())";

    let ended: Result<(), diesel::result::Error> = connection
        .transaction(async |connection| execute(connection, terminate_self).await.map(drop))
        .await;

    assert_eq!(classify(&ended.unwrap_err()).0, ErrorKind::Unavailable);
}
