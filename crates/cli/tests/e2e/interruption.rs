//! An import that is killed, and then repeated.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;
use tasktrail_test_support::{TestDatabase, wait_until};

use super::files::{Folder, many};
use super::imported::saved;
use super::tool::{command, run};

const LINES: u32 = 8000;

#[test]
fn repeated_import_after_a_kill_saves_everything_once() {
    let database = TestDatabase::new();
    let url = database.url();
    let text = many(LINES);
    kill_during_import(&text, &database);
    let before = saved(&database);
    assert!(before < u64::from(LINES), "{before}");

    let folder = Folder::new();
    let path = folder.file("f.jsonl", &text);
    let path = path.to_str().unwrap();
    let report = run(["import", path, "--database-url", &url, "--format", "json"])
        .good()
        .json();

    assert!(report["duplicates"].as_u64() >= Some(before), "{report}");
    assert_eq!(
        report["saved"].as_u64().unwrap() + report["duplicates"].as_u64().unwrap(),
        u64::from(LINES)
    );
    let stats = run(["stats", "--database-url", &url, "--format", "json"])
        .good()
        .json();
    assert_eq!(
        stats,
        json!({
            "entries": LINES, "steps": LINES, "tasks": 10, "users": 1,
            "tasks_by_status": { "completed": 10 },
            "open_tasks_by_status": { "completed": 10 },
        })
    );
}

/// Starts an import of the first half of the text, cut within a line, and kills it after some lines
/// are saved.
fn kill_during_import(text: &str, database: &TestDatabase) {
    let mut child = command()
        .args(["import", "-", "--database-url", &database.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&text.as_bytes()[..text.len() / 2]).unwrap();
    wait_until("the first lines are saved", || saved(database) >= 1000);
    child.kill().unwrap();
    child.wait().unwrap();
}
