//! Ctrl-C and SIGTERM: what is under way finishes, and what was done is told.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tasktrail_test_support::{TestDatabase, wait_until};

use super::files::{Folder, many};
use super::imported::Imported;
use super::tool::{command, run};

const LINES: u32 = 60_000;

/// Sends a signal by its name.
fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// What the command has printed, its complaints, and its exit code.
fn ended(mut child: Child) -> (String, String, Option<i32>) {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (stdout, stderr, child.wait().unwrap().code())
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn saved(database: &TestDatabase) -> u64 {
    let counted = database.execute("SELECT count(*) FROM task_history");
    let rows = counted.unwrap_or_default();
    let count = rows
        .first()
        .and_then(|row| row.first()?.as_deref()?.parse().ok());
    count.unwrap_or_default()
}

#[test]
fn an_interrupted_import_finishes_its_batch_and_tells_what_it_saved() {
    let database = TestDatabase::new();
    let url = database.url();
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(LINES));
    let import = ["import", path.to_str().unwrap(), "--database-url", &url];
    let child = spawn(command().args(import).args(["--format", "json"]));
    wait_until("the first lines are saved", || saved(&database) >= 1000);

    send("INT", &child);

    let (stdout, stderr, code) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("error: interrupted"), "{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let there = saved(&database);
    assert!(there < u64::from(LINES), "{there}");
    assert_eq!(report["saved"], there, "what is told is what is there");
    let rest = run(import.into_iter().chain(["--format", "json"]))
        .good()
        .json();
    assert_eq!(rest["already_there"], there);
    assert_eq!(rest["saved"], u64::from(LINES) - there);
}

#[test]
fn a_terminated_query_is_cancelled_on_the_server_after_the_close_timeout() {
    let imported = Imported::new();
    let holder = "BEGIN; LOCK TABLE task_summary IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)";
    std::thread::scope(|scope| {
        scope.spawn(|| imported.database.execute(holder).unwrap_err());
        let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                       AND wait_event_type = 'Lock'";
        let held = "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
                    AND relation = 'task_summary'::regclass";
        let is_there = |query| !imported.database.execute(query).unwrap().is_empty();
        wait_until("the table is locked", || is_there(held));
        let child = spawn(
            command()
                .args(["stats", "--database-url", &imported.database.url()])
                .env("TASKTRAIL_CLOSE_TIMEOUT", "0.2"),
        );
        wait_until("the query waits", || is_there(waiting));
        let began = Instant::now();

        send("TERM", &child);

        let (stdout, stderr, code) = ended(child);
        assert_eq!((stdout.as_str(), code), ("", Some(143)), "{stderr}");
        assert!(began.elapsed() < Duration::from_secs(3), "{stderr}");
        wait_until("no query waits any more", || !is_there(waiting));
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE '%pg_sleep%'
                   AND pid <> pg_backend_pid()";
        imported.database.execute(end).unwrap();
    });
}

#[test]
fn an_import_that_waits_for_its_input_ends_as_well() {
    let database = TestDatabase::new();
    let child = spawn(command().args(["import", "-", "--database-url", &database.url()]));
    wait_until("the schema is there", || {
        database.execute("SELECT 1 FROM task_history").is_ok()
    });

    send("INT", &child);

    let (_, stderr, code) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
}
