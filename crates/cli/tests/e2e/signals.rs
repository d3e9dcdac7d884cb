//! SIGINT and SIGTERM: operations in progress finish, and the results are reported.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::files::{Folder, many};
use super::imported::{Imported, saved};
use super::tool::{command, run};

const LINES: u32 = 60_000;

/// Sends a signal by its name.
pub(crate) fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits for a process, and returns stdout, stderr and the exit code.
pub(crate) fn ended(mut child: Child) -> (String, String, Option<i32>) {
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

pub(crate) fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn interrupted_import_finishes_its_batch_and_reports_what_it_saved() {
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
    let stored = saved(&database);
    assert!(stored < u64::from(LINES), "{stored}");
    assert_eq!(report["saved"], stored, "the report matches the database");
    let rest = run(import.into_iter().chain(["--format", "json"]))
        .good()
        .json();
    assert_eq!(rest["duplicates"], stored);
    assert_eq!(rest["saved"], u64::from(LINES) - stored);
}

#[test]
fn terminated_query_is_cancelled_on_the_server_after_the_close_timeout() {
    let imported = Imported::new();
    let lock = TableLock::on(&imported.database, "task_summary");
    let child = spawn(
        command()
            .args(["stats", "--database-url", &imported.database.url()])
            .env("TASKTRAIL_CLOSE_TIMEOUT", "0.2"),
    );
    wait_until("the query waits", || lock.waiting() == 1);
    let began = Instant::now();

    send("TERM", &child);

    let (stdout, stderr, code) = ended(child);
    assert_eq!((stdout.as_str(), code), ("", Some(143)), "{stderr}");
    // The lock is still held; by default a close waits for 10 s.
    assert!(began.elapsed() < Duration::from_secs(10), "{stderr}");
    wait_until("the query no longer waits", || lock.waiting() == 0);
}

#[test]
fn import_that_waits_for_input_can_be_interrupted() {
    let database = TestDatabase::new();
    let child = spawn(command().args(["import", "-", "--database-url", &database.url()]));
    wait_until("the schema exists", || {
        database.execute("SELECT 1 FROM task_history").is_ok()
    });

    send("INT", &child);

    let (_, stderr, code) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
}
