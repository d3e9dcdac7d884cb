//! A benchmark changes no other data in its database, and removes its schema at the end.

use std::process::Child;

use tasktrail_test_support::{TestDatabase, wait_until};

use super::super::imported::Imported;
use super::super::signals::{ended, send, spawn};
use super::super::tool::{command, run};
use super::tables_and_schemas;

/// The number of steps that the running benchmark has saved.
fn saved(database: &TestDatabase) -> u64 {
    let counted = database.execute("SELECT count(*) FROM tasktrail_bench.task_history");
    let count = counted.unwrap_or_default().into_iter().flatten().flatten();
    count.map(|count| count.parse::<u64>().unwrap()).sum()
}

/// Starts a benchmark of saves that runs until it is stopped.
fn endless(database: &TestDatabase) -> Child {
    let url = database.url();
    let bench = ["bench", "--only", "save", "--callers", "2", "--seconds=600"];
    let child = spawn(command().args(bench).args(["--database-url", &url]));
    wait_until("steps are saved", || saved(database) > 0);
    child
}

#[test]
fn database_with_histories_is_refused_and_unchanged() {
    let imported = Imported::new();
    let before = (
        tables_and_schemas(&imported.database),
        imported.json(&["stats"]),
    );

    let refused = imported.run(&["bench", "--seconds=0.1"]);

    let name = format!("{} contains histories: ", imported.database.name());
    assert!(refused.stderr.contains(&name), "{refused:?}");
    refused.failed(1, "error: 127.0.0.1:", "with createdb");
    let after = (
        tables_and_schemas(&imported.database),
        imported.json(&["stats"]),
    );
    assert_eq!(after, before);
}

#[test]
fn database_with_other_tables_is_refused_with_their_names() {
    let database = TestDatabase::new();
    let theirs = "CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT 7 AS id";
    database.execute(theirs).unwrap();

    let refused = run(["bench", "--database-url", &database.url()]);

    let message = "contains other tables (shop.orders): a benchmark needs an empty database";
    assert!(refused.stderr.contains(message), "{refused:?}");
    refused.failed(1, "error: 127.0.0.1:", "with createdb");
    assert_eq!(
        tables_and_schemas(&database),
        ["public", "shop", "shop.orders"]
    );
}

#[test]
fn empty_schema_is_unchanged() {
    let database = TestDatabase::new();
    let url = database.url();
    run(["migrate", "--database-url", &url]).good();
    let before = tables_and_schemas(&database);

    let bench = ["bench", "--only=cleanup", "--cleanup-tasks=10"];
    run(bench.into_iter().chain(["--database-url", &url])).good();

    assert_eq!(tables_and_schemas(&database), before);
    run(["migrate", "--check", "--database-url", &url]).good();
}

#[test]
fn schema_of_a_killed_benchmark_is_removed_by_the_next() {
    let database = TestDatabase::new();
    let mut child = endless(&database);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(saved(&database) > 0);
    wait_until("the server has released the lock", || {
        let locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        database.execute(locks).unwrap().is_empty()
    });

    let bench = ["bench", "--only=cleanup", "--cleanup-tasks=10"];
    run(bench.into_iter().chain(["--database-url", &database.url()])).good();

    assert_eq!(tables_and_schemas(&database), ["public"]);
}

#[test]
fn signal_stops_the_benchmark_and_removes_the_schema() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let database = TestDatabase::new();
        let child = endless(&database);

        send(signal, &child);

        let (stdout, stderr, ended_with) = ended(child);
        assert_eq!((stdout.as_str(), ended_with), ("", Some(code)), "{stderr}");
        assert!(
            stderr.contains("error: interrupted; the schema tasktrail_bench was removed"),
            "{stderr}"
        );
        assert_eq!(tables_and_schemas(&database), ["public"]);
    }
}

#[test]
fn error_stops_the_benchmark_and_removes_the_schema() {
    let database = TestDatabase::new();
    let child = endless(&database);

    database
        .execute("DROP TABLE tasktrail_bench.task_summary")
        .unwrap();

    let (_, stderr, code) = ended(child);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("task_summary"), "{stderr}");
    assert_eq!(tables_and_schemas(&database), ["public"]);
}

#[test]
fn second_benchmark_on_the_same_database_is_refused() {
    let database = TestDatabase::new();
    let first = endless(&database);

    let second = run(["bench", "--database-url", &database.url()]);

    second.failed(1, "error: another benchmark is running in", "the database");
    let before = saved(&database);
    wait_until("the first one continues", || saved(&database) > before);
    send("INT", &first);
    assert_eq!(ended(first).2, Some(130));
}
