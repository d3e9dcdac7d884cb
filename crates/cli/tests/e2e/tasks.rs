//! The list of the tasks of a user.

use serde_json::{Value, json};

use super::files::line;
use super::imported::Imported;

#[test]
fn tasks_are_listed_latest_first_and_filtered() {
    let imported = Imported::new();

    assert_eq!(imported.task_ids(&["alice"]), ["b", "a"]);
    assert_eq!(
        imported.task_ids(&["alice", "--status", "completed"]),
        ["a"]
    );
    assert_eq!(
        imported.task_ids(&["alice", "--status", "completed", "--status", "failed"]),
        ["b", "a"]
    );
    assert_eq!(imported.task_ids(&["alice", "--error-code", "E003"]), ["b"]);
    assert_eq!(
        imported.task_ids(&["alice", "--since", "2026-01-31T13:00:07+01:00"]),
        ["b"]
    );
    assert_eq!(
        imported.task_ids(&["alice", "--until", "2026-01-31T12:00:07Z"]),
        ["a"]
    );
    imported.prints(&["tasks", "bob"], "│ c    │ running │");
    imported.prints(&["tasks", "nobody"], "no tasks");
}

#[test]
fn listed_task_has_its_summary() {
    let listed = Imported::new().json(&["tasks", "alice", "--limit", "1"]);

    assert_eq!(
        listed["tasks"],
        json!([{
            "user_id": "alice", "task_id": "b", "status": "failed", "error_code": "E003",
            "last_step": 7, "entries": 1, "created_at": "2026-01-31T12:00:07.000000Z",
            "last_updated": "2026-01-31T12:00:07.000000Z", "finished_at": null,
        }])
    );
}

#[test]
fn next_page_is_returned_for_the_cursor_and_the_printed_command() {
    let lines: Vec<_> = (0..5)
        .map(|n| line(&format!("t{n}"), n, "completed"))
        .collect();
    let imported = Imported::of(&lines);
    let page = ["tasks", "alice", "--limit", "2", "--status", "completed"];

    let first = imported.json(&page);
    let next = first["next"].as_str().unwrap();
    assert_eq!(
        imported.task_ids(&[&page[1..], &["--after", next]].concat()),
        ["t2", "t1"]
    );

    let printed = imported.run(&page).good().stdout;
    let command = printed.lines().last().unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..5], ["next", "page:", "tasktrail", "tasks", "alice"]);
    let second = imported.run(&words[3..]).good().stdout;
    assert!(
        second.contains("│ t2 ") && second.contains("│ t1 "),
        "{second}"
    );

    let last = imported.json(&["tasks", "alice", "--limit", "5"]);
    assert_eq!(last["next"], Value::Null);
}
