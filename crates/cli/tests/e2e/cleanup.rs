use serde_json::json;

use super::files::line;
use super::imported::Imported;

#[test]
fn a_dry_run_tells_and_a_real_one_removes() {
    let imported = Imported::new();
    let dry = imported.json(&["cleanup", "--days", "1", "--dry-run"]);

    assert_eq!(dry, json!({ "tasks": 3, "entries": 5, "dry_run": true }));
    assert_eq!(imported.json(&["stats"])["tasks"], 3);
    imported.says(
        &["cleanup", "--days", "1", "--dry-run"],
        "would remove 3 tasks with 5 entries",
    );

    let real = imported.json(&["cleanup", "--days", "1"]);

    assert_eq!(real, json!({ "tasks": 3, "entries": 5, "dry_run": false }));
    assert_eq!(imported.json(&["stats"])["entries"], 0);
    imported.says(
        &["cleanup", "--days", "1"],
        "removed 0 tasks with 0 entries",
    );
}

#[test]
fn what_is_removed_can_be_narrowed() {
    let imported = Imported::new();
    let removed = |args: &[&str]| imported.json(&[&["cleanup", "--days", "1"], args].concat());

    assert_eq!(removed(&["--finished-only"])["tasks"], 0);
    assert_eq!(
        removed(&["--user", "bob", "--status", "failed"])["tasks"],
        0
    );
    assert_eq!(
        removed(&["--user", "alice", "--status", "failed"])["tasks"],
        1
    );
    assert_eq!(imported.json(&["stats", "--user", "alice"])["tasks"], 1);
    assert_eq!(removed(&["--user", "bob"])["tasks"], 1);
}

#[test]
fn a_task_with_recent_activity_stays_whole() {
    let mut recent = line("a", 1, "running");
    recent.as_object_mut().unwrap().remove("recorded_at");
    let imported = Imported::of(&[line("a", 0, "running"), recent, line("b", 0, "running")]);

    let removed = imported.json(&["cleanup", "--days", "1"]);

    assert_eq!(removed["tasks"], 1);
    assert_eq!(imported.json(&["stats", "--user", "alice"])["entries"], 2);
}

#[test]
fn more_tasks_than_a_batch_holds_are_removed() {
    let lines: Vec<_> = (0..250)
        .map(|n| line(&format!("t{n}"), 0, "completed"))
        .collect();
    let imported = Imported::of(&lines);

    assert_eq!(imported.json(&["cleanup", "--days", "1"])["tasks"], 250);
}
