//! The lists of the tasks of a user and of all users, and of the users.

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

/// Tasks of two users: one running, one that says completed but was never finished, two finished.
fn of_two_users() -> Imported {
    let of = |user: &str, task: &str, step, status: &str| {
        let mut line = line(task, step, status);
        line["user_id"] = json!(user);
        line
    };
    let imported = Imported::of(&[
        of("acme/alice", "a", 0, "running"),
        of("acme/alice", "b", 1, "completed"),
        of("acme/alice", "c", 2, "completed"),
        of("bob", "d", 3, "running"),
        of("bob", "e", 4, "running"),
    ]);
    imported.run(&["cancel", "acme/alice", "c"]).good();
    imported.run(&["cancel", "bob", "e"]).good();
    imported
}

#[test]
fn open_tasks_of_all_users_are_listed() {
    let imported = of_two_users();

    assert_eq!(
        imported.task_ids(&["--all"]),
        ["c", "b", "a", "e", "d"],
        "by user, then by latest activity"
    );
    assert_eq!(
        imported.task_ids(&["--all", "--status", "running", "--stuck", "10m"]),
        ["a", "d"]
    );
    assert_eq!(imported.task_ids(&["--all", "--open"]), ["b", "a", "d"]);
    assert_eq!(imported.task_ids(&["--all", "--finished"]), ["c", "e"]);
    assert_eq!(
        imported.task_ids(&["--user-prefix", "acme/", "--open"]),
        ["b", "a"]
    );
    assert_eq!(
        imported.task_ids(&["acme/alice", "--open", "--status", "completed"]),
        ["b"]
    );
    let shown = imported.run(&["tasks", "--all"]).good().stdout;
    assert!(
        shown.contains("│ acme/alice │ b    │ completed (open) │"),
        "{shown}"
    );
    imported.prints(&["tasks", "--user-prefix", "nobody"], "no tasks");
}

#[test]
fn next_page_of_all_users_is_returned_for_the_printed_command() {
    let imported = of_two_users();
    let page = [
        "tasks",
        "--user-prefix",
        "",
        "--stuck",
        "1s",
        "--limit",
        "2",
    ];

    let first = imported.json(&page);
    let printed = imported.run(&page).good().stdout;

    let command = printed.lines().last().unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[..5], ["next", "page:", "tasktrail", "tasks", "--all"]);
    let next = first["next"].as_str().unwrap();
    assert_eq!(words.last(), Some(&next));
    let words: Vec<&str> = words[3..]
        .iter()
        .map(|word| word.trim_matches('\''))
        .collect();
    let second = imported.run(&words).good().stdout;
    assert!(
        second.contains("│ d ") && !second.contains("next"),
        "{second}"
    );
    let of_one_user = imported.run(&["tasks", "bob", "--after", next]);
    of_one_user.failed(
        2,
        "error: the cursor is of a list of all users",
        "pass --all",
    );
}

#[test]
fn users_are_listed_page_by_page() {
    let imported = of_two_users();

    assert_eq!(
        imported.json(&["users"]),
        json!({ "users": ["acme/alice", "bob"], "next": null })
    );
    assert_eq!(
        imported.json(&["users", "--prefix", "acme/"])["users"],
        json!(["acme/alice"])
    );
    assert_eq!(
        imported.run(&["users", "--limit", "1"]).good().stdout,
        "acme/alice\nnext page: tasktrail users --limit 1 --after=acme/alice\n"
    );
    let next = ["users", "--limit", "1", "--after=acme/alice"];
    assert_eq!(imported.run(&next).good().stdout, "bob\n");
    imported.prints(&["users", "--prefix", "nobody"], "no users");
}
