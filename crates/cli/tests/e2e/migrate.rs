//! Creation of the schema, and commands without a schema.

use std::thread;

use serde_json::json;
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, many};
use super::tool::run;

#[test]
fn commands_without_a_schema_report_the_remedy() {
    let database = TestDatabase::new();
    let url = database.url();
    let queries: [&[&str]; 7] = [
        &["tasks", "alice"],
        &["history", "alice", "a"],
        &["history", "alice", "a", "--trail"],
        &["status", "alice", "a"],
        &["cancel", "alice", "a"],
        &["stats"],
        &["cleanup", "--days", "1"],
    ];
    for query in queries {
        let all = [query, &["--database-url", &url, "--format", "json"]].concat();
        let message = "error: schema public has no store: run tasktrail migrate";
        let refused = run(all).failed(1, message, "migrate");
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn migrate_creates_the_schema_once_and_reports_it() {
    let database = TestDatabase::new();
    let url = database.url();
    let migrate = |more: &[&str]| run([&["migrate", "--database-url", &url], more].concat());

    let pending = migrate(&["--check"]);
    assert_eq!(pending.code, Some(1), "{pending:?}");
    assert!(pending.stdout.starts_with("pending "), "{pending:?}");
    assert_eq!(pending.stderr, "");

    let first = migrate(&["--format", "json"]).good().json();
    assert_eq!(first["migrated"], first["applied"]);
    assert_eq!(first["pending"], json!([]));

    let second = migrate(&["--format", "json"]).good().json();
    assert_eq!(second["migrated"], json!([]));
    assert_eq!(second["applied"], first["applied"]);

    let current = migrate(&["--check"]).good();
    assert!(
        current.stdout.starts_with("the schema is up to date"),
        "{current:?}"
    );
    assert!(
        migrate(&[])
            .good()
            .stdout
            .starts_with("the schema is up to date")
    );
}

#[test]
fn eight_concurrent_migrations_of_an_empty_database_all_succeed() {
    let database = TestDatabase::new();
    let url = database.url();
    let migrate = || {
        run(["migrate", "--database-url", &url, "--format", "json"])
            .good()
            .json()
    };

    let answers = thread::scope(|scope| {
        let processes: Vec<_> = (0..8).map(|_| scope.spawn(migrate)).collect();
        processes
            .into_iter()
            .map(|process| process.join().unwrap())
            .collect::<Vec<_>>()
    });

    assert!(
        answers.iter().all(|answer| answer["pending"] == json!([])),
        "{answers:?}"
    );
    let versions = database
        .execute("SELECT version FROM tasktrail_migrations")
        .unwrap();
    assert_eq!(
        answers[0]["applied"].as_array().unwrap().len(),
        versions.len()
    );
    let migrated = answers
        .iter()
        .flat_map(|answer| answer["migrated"].as_array().unwrap());
    assert_eq!(migrated.count(), versions.len(), "each migration ran once");
}

#[test]
fn import_brings_the_schema_up_to_date() {
    let database = TestDatabase::new();
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(10));
    let url = database.url();
    let path = path.to_str().unwrap();

    run(["import", path, "--database-url", &url]).created_store();

    run(["migrate", "--check", "--database-url", &url]).good();
}
