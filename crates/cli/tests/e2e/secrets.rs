//! Passwords are never printed, even in errors and at the most verbose log level.

use tasktrail_test_support::TestDatabase;

use super::files::{Folder, many};
use super::tool::{Run, command, ended, run};

const SECRET: &str = "hush-hush";

/// The URL of the database with a password, which the server does not require.
fn url(database: &TestDatabase) -> String {
    database
        .url()
        .replace("postgres@", &format!("postgres:{SECRET}@"))
}

#[track_caller]
fn assert_hidden(run: &Run) {
    assert!(!run.stdout.contains(SECRET), "{run:?}");
    assert!(!run.stderr.contains(SECRET), "{run:?}");
}

#[test]
fn password_in_the_url_is_not_logged() {
    let database = TestDatabase::new();
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(10));
    let path = path.to_str().unwrap();
    let commands: [&[&str]; 6] = [
        &["stats"],
        &["import", path],
        &["tasks", "alice"],
        &["history", "alice", "task-1"],
        &["cleanup", "--days", "1"],
        &["demo"],
    ];
    for args in commands {
        let mut tool = command();
        tool.args(args).current_dir(folder.path());
        tool.args(["-vvv", "--database-url", &url(&database)]);

        let logged = ended(tool.env("RUST_LOG", "trace"));

        assert!(logged.stderr.contains("connecting"), "{logged:?}");
        assert_hidden(&logged);
    }
}

#[test]
fn password_in_the_environment_is_not_logged() {
    let database = TestDatabase::new();
    let address = database.url();
    let (host, port) = address
        .split_once('@')
        .and_then(|(_, rest)| rest.split_once('/')?.0.split_once(':'))
        .unwrap();
    let mut migrate = command();
    migrate.args(["migrate", "-vvv"]).envs([
        ("DB_HOST", host),
        ("DB_PORT", port),
        ("DB_NAME", database.name()),
        ("DB_USER", "postgres"),
        ("DB_PASSWORD", SECRET),
    ]);

    let migrated = ended(&mut migrate);

    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    assert_hidden(&migrated);
}

#[test]
fn connection_error_does_not_contain_the_password() {
    let database = TestDatabase::new();
    let elsewhere = url(&database).replace(database.name(), "no_such_database");
    let refused = run(["stats", "--database-url", &elsewhere]);

    let refused = refused.failed(1, "error: cannot connect to 127.0.0.1:", "");
    assert!(
        refused
            .stderr
            .contains("\"no_such_database\" does not exist"),
        "{refused:?}"
    );
    assert_hidden(&refused);
}

#[test]
fn url_in_the_wrong_place_is_not_printed() {
    let url = format!("postgres://me:{SECRET}@db/tasks");
    let wrong: [&[&str]; 5] = [
        &[&url],
        &["stats", &url],
        &["import", "--in-memory", &url],
        &["demo", &url],
        &["tasks", "alice", "--after", &url],
    ];
    for args in wrong {
        let refused = run(args);

        assert_ne!(refused.code, Some(0), "{refused:?}");
        assert_hidden(&refused);
    }
}
