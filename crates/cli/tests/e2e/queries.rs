//! Queries on an imported history in PostgreSQL.

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, line};
use super::imported::Imported;
use super::tool::run;

#[test]
fn repeated_import_saves_nothing() {
    let imported = Imported::new();
    let again = imported.import();

    assert_eq!(again["saved"], 0, "{again}");
    assert_eq!(again["duplicates"], again["lines"], "{again}");
    assert_eq!(imported.json(&["stats"])["entries"], 5);
}

#[test]
fn stats_count_what_was_imported() {
    let imported = Imported::new();

    assert_eq!(
        imported.json(&["stats"]),
        json!({
            "entries": 5, "steps": 4, "tasks": 3, "users": 2,
            "tasks_by_status": { "completed": 1, "failed": 1, "running": 1 },
            "open_tasks_by_status": { "completed": 1, "failed": 1, "running": 1 },
        })
    );
    assert_eq!(
        imported.json(&["stats", "--user", "bob"]),
        json!({
            "entries": 1, "steps": 1, "tasks": 1, "users": 1,
            "tasks_by_status": { "running": 1 },
            "open_tasks_by_status": { "running": 1 },
        })
    );
    imported.prints(&["stats"], "│     failed (open)    │ 1 │");
}

#[test]
fn history_shows_newest_revisions_and_trail_shows_all() {
    let imported = Imported::new();
    let history = imported.json(&["history", "alice", "a"]);
    let trail = imported.json(&["history", "alice", "a", "--trail"]);
    let statuses = |entries: &Value| -> Vec<String> {
        let entries = entries.as_array().unwrap().iter();
        entries
            .map(|entry| entry["step_result"]["status"].as_str().unwrap().to_owned())
            .collect()
    };

    assert_eq!(statuses(&history), ["running", "completed"]);
    assert_eq!(statuses(&trail), ["failed", "running", "completed"]);
    imported.prints(&["history", "alice", "a", "--trail"], "E003: it failed");
}

#[test]
fn entry_has_id_time_and_complete_step_result() {
    let history = Imported::new().json(&["history", "alice", "b"]);
    let entry = &history[0];

    assert!(entry["id"].as_str().unwrap().contains("-7"), "{entry}");
    assert_eq!(entry["recorded_at"], "2026-01-31T12:00:07.000000Z");
    assert_eq!(entry["step"], 7);
    assert_eq!(entry["step_result"], line("b", 7, "failed")["step_result"]);
}

#[test]
fn long_history_is_shown_completely() {
    let lines: Vec<_> = (0..250).map(|step| line("long", step, "running")).collect();
    let imported = Imported::of(&lines);
    let steps = imported.json(&["history", "alice", "long"]);
    let trail = imported.json(&["history", "alice", "long", "--trail"]);

    assert_eq!(steps.as_array().unwrap().len(), 250);
    assert_eq!(steps, trail);
}

#[test]
fn history_of_an_unknown_task_is_empty_and_exits_with_1() {
    let imported = Imported::new();
    imported.run(&["cancel", "bob", "x"]).good();

    let unknown = imported.run(&["history", "alice", "c"]);
    let json = imported.run(&["history", "alice", "c", "--trail", "--format", "json"]);

    assert_eq!(
        (unknown.code, &*unknown.stdout, &*unknown.stderr),
        (Some(1), "alice/c is unknown\n", "")
    );
    assert_eq!((json.code, json.json()), (Some(1), json!([])));
    imported.prints(&["history", "bob", "x"], "bob/x has no steps");
}

#[test]
fn since_accepts_a_duration_and_a_date() {
    let imported = Imported::new();

    // The imported entries are of January 2026.
    imported.prints(&["tasks", "alice", "--until", "2026-01-31"], "no tasks");
    let page = imported
        .run(&["tasks", "alice", "--since", "2026-01-31"])
        .good();
    assert!(page.stdout.contains("failed"), "{page:?}");
    let refused = imported.run(&["tasks", "alice", "--since", "soon"]);
    assert!(
        refused
            .stderr
            .contains("must be a time (2026-01-31T12:00:00Z"),
        "{refused:?}"
    );
}

#[test]
fn status_distinguishes_open_tasks_and_unknown_exits_with_1() {
    let imported = Imported::new();

    assert_eq!(
        imported.run(&["status", "alice", "b"]).good().stdout,
        "failed (open)\n"
    );
    imported.run(&["cancel", "alice", "b"]).good();
    assert_eq!(
        imported.run(&["status", "alice", "b"]).good().stdout,
        "cancelled\n"
    );
    assert_eq!(
        imported.json(&["status", "bob", "c"]),
        json!({ "user_id": "bob", "task_id": "c", "status": "running", "finished_at": null })
    );

    let unknown = imported.run(&["status", "alice", "c"]);
    assert_eq!(
        (unknown.code, &*unknown.stdout, &*unknown.stderr),
        (Some(1), "unknown\n", "")
    );
    let unknown = imported.run(&["status", "alice", "c", "--format", "json"]);
    assert_eq!(
        (unknown.code, &unknown.json()["status"]),
        (Some(1), &Value::Null)
    );
}

#[test]
fn cancel_reports_the_previous_status() {
    let imported = Imported::new();

    imported.prints(
        &["cancel", "bob", "c"],
        "bob/c is cancelled; it was running",
    );
    imported.prints(
        &["cancel", "bob", "c"],
        "bob/c was already finished: cancelled",
    );
    imported.prints(
        &["cancel", "bob", "x"],
        "bob/x is cancelled; it had no saved steps",
    );
    assert_eq!(
        imported.run(&["status", "bob", "x"]).good().stdout,
        "cancelled\n"
    );
    assert_eq!(
        imported.json(&["cancel", "alice", "b"]),
        json!({
            "user_id": "alice", "task_id": "b", "cancelled": true,
            "previous": "failed", "status": "cancelled",
        })
    );
    assert_eq!(
        imported.json(&["cancel", "alice", "b"]),
        json!({
            "user_id": "alice", "task_id": "b", "cancelled": false,
            "previous": "cancelled", "status": "cancelled",
        })
    );
}

#[test]
fn demo_on_a_database_is_recorded() {
    let database = TestDatabase::new();
    let folder = Folder::new();
    folder.file("a.txt", "one\n");
    let url = database.url();
    let path = folder.path().to_str().unwrap();
    let shown = run(["demo", path, "--database-url", &url, "--format", "json"])
        .created_store()
        .json();
    let user = shown["user_id"].as_str().unwrap();
    let listed = run(["tasks", user, "--database-url", &url, "--format", "json"])
        .good()
        .json();

    assert_eq!(shown["in_database"], true);
    assert_eq!(listed["tasks"], shown["tasks"]);
}
