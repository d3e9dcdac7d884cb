//! The schema: who creates it, and what the others say without it.

use serde_json::json;
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, many};
use super::tool::run;

#[test]
fn commands_without_a_schema_say_what_to_do() {
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
        let said = "error: the schema is not there: run tasktrail migrate";
        let refused = run(all).failed(1, said, "migrate");
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn migrate_creates_the_schema_once_and_says_so() {
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
fn import_brings_the_schema_up_to_date() {
    let database = TestDatabase::new();
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(10));
    let url = database.url();
    let path = path.to_str().unwrap();

    run(["import", path, "--database-url", &url]).good();

    run(["migrate", "--check", "--database-url", &url]).good();
}
