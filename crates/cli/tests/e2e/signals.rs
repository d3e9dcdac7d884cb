//! Ctrl-C and SIGTERM: what is under way finishes, and what was done is told.

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

/// What the command has printed, its complaints, and its exit code.
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
    wait_until("no query waits any more", || lock.waiting() == 0);
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
