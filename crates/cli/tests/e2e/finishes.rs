//! Imported lines with entry IDs, and lines with finishes.

use serde_json::{Value, json};

use super::files::{Folder, line, text};
use super::imported::Imported;
use super::tool::{Run, run};

fn finish(task: &str, status: &str) -> Value {
    let finish = json!({ "status": status, "at": "2026-01-31T13:00:00Z" });
    json!({ "user_id": "alice", "task_id": task, "finish": finish })
}

fn import(lines: &[Value], args: &[&str]) -> Run {
    let folder = Folder::new();
    let path = folder.file("f.jsonl", text(lines));
    let base = [
        "import",
        "--in-memory",
        "--format",
        "json",
        path.to_str().unwrap(),
    ];
    run([&base[..], args].concat())
}

#[test]
fn finish_can_come_before_the_entries_or_without_any() {
    let imported = Imported::of(&[
        finish("a", "failed"),
        line("a", 0, "completed"),
        finish("b", "timed_out"),
    ]);
    let task = |id: &str| {
        let tasks = imported.json(&["tasks", "alice"]);
        let tasks = tasks["tasks"].as_array().unwrap();
        tasks
            .iter()
            .find(|task| task["task_id"] == id)
            .unwrap()
            .clone()
    };

    assert_eq!(
        (&task("a")["status"], &task("a")["entries"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(task("a")["finished_at"], "2026-01-31T13:00:00.000000Z");
    assert_eq!(
        (&task("b")["status"], &task("b")["entries"]),
        (&json!("timed_out"), &json!(0))
    );
    let again = imported.import();
    assert_eq!(
        [&again["saved"], &again["duplicates"], &again["tasks"]],
        [0, 3, 2]
    );
}

#[test]
fn conflicting_finish_is_an_invalid_line() {
    let mut later = finish("a", "failed");
    later["finish"]["at"] = json!("2026-01-31T13:00:01Z");
    let lines = [
        finish("a", "failed"),
        finish("a", "failed"),
        finish("a", "cancelled"),
        later,
        line("b", 0, "running"),
    ];

    let stopped = import(&lines, &[]);
    assert!(
        stopped
            .stderr
            .contains("f.jsonl:3: the task is already finished with another result: failed at 2026-01-31T13:00:00"),
        "{stopped:?}"
    );
    assert_eq!(stopped.code, Some(1));
    let skipped = import(&lines, &["--skip-invalid"]);
    let report = skipped.json();
    assert_eq!(
        [&report["saved"], &report["duplicates"], &report["invalid"]],
        [2, 1, 2],
        "{skipped:?}"
    );
}

#[test]
fn invalid_finish_is_reported() {
    let mut open = finish("a", "running");
    let with = |key: &str, value: Value| {
        let mut line = finish("a", "failed");
        line[key] = value;
        line
    };
    for (line, reason) in [
        (
            open.take(),
            "finish.status: status must be completed, cancelled, timed_out or failed",
        ),
        (
            with("step", json!(0)),
            "a line has either `finish` or `step`",
        ),
        (
            with("recorded_at", json!("2026-01-31T13:00:00Z")),
            "either `finish` or `recorded_at`",
        ),
        (
            with("finish", json!({ "status": "failed" })),
            "missing field `at`",
        ),
        (with("finish", Value::Null), "finish: invalid type: null"),
    ] {
        let refused = import(&[line], &[]);

        assert!(refused.stderr.contains(reason), "{reason}: {refused:?}");
    }
}

#[test]
fn line_with_an_entry_id_is_saved_with_it() {
    let id = "019c13ec-9e00-797f-bb7d-8443a8d6fe0e";
    let mut first = line("a", 0, "running");
    first["entry_id"] = json!(id);
    let mut other = line("a", 1, "running");
    other["entry_id"] = json!(id);
    let imported = Imported::of(&[first.clone(), first.clone()]);

    let trail = imported.json(&["history", "alice", "a", "--trail"]);
    assert!(trail.to_string().contains(id), "{trail}");
    let count = imported.json(&["stats"]);
    assert_eq!(count["entries"], 1, "the same id is the same save");
    let conflict = import(&[first, other], &[]);
    assert!(conflict.stderr.contains("f.jsonl:2: "), "{conflict:?}");
    let mut wrong = line("a", 0, "running");
    wrong["entry_id"] = json!("019c13ec-9e00-497f-bb7d-8443a8d6fe0e");
    let refused = import(&[wrong], &[]);
    assert!(
        refused
            .stderr
            .contains("entry_id: entry id must be a UUID of version 7"),
        "{refused:?}"
    );
}
