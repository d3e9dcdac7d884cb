use std::fs;

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::Folder;
use super::tool::{command, ended, run};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", "one\ntwo\n");
    folder.file("b/c.txt", "three\n");
    folder.file("b/large.bin", [0; 1000]);
    folder.file("target/generated.txt", "skipped\n");
    folder
}

fn demo_json(folder: &Folder) -> Value {
    let path = folder.path().to_str().unwrap();
    run(["demo", path, "--format", "json"]).good().json()
}

#[test]
fn demo_needs_no_database_and_shows_list_history_trail_and_cancel() {
    let folder = folder();
    let shown = ended(command().arg("demo").arg(folder.path()))
        .good()
        .stdout;

    for text in [
        "│ survey       │ completed │",
        "│ fingerprints │ cancelled │",
        "3 files in 2 folders",
        "E003: No such file or directory",
        "hash the other half",
        "and the task remains cancelled",
        "dies, and its new process registers; attempt 1 is lost, build is ready",
        "    – deploy  skipped  ← document, test\n      ● announce  completed  ← deploy (end)\n",
        "│ build    │ completed │       │        2 │ Build the service",
        "│ task.report_superseded │",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert!(!shown.contains('\x1b'), "colours on a pipe: {shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 120),
        "{shown}"
    );
}

#[test]
fn survey_counts_files_and_lines() {
    let shown = demo_json(&folder());
    let result = |step: usize| &shown["survey_history"][step]["step_result"]["result"];

    for task in shown["tasks"].as_array().unwrap() {
        assert!(task["finished_at"].is_string(), "{task}");
    }
    assert_eq!(
        *result(0),
        json!({ "files": 3, "folders": 2, "unreadable": 0, "has_more": false })
    );
    assert_eq!(*result(1), json!({ "bytes": 1014, "empty_files": 0 }));
    assert_eq!(
        *result(2),
        json!({ "lines": 3, "text_files": 2, "read_files": 3, "files_not_read": 0 })
    );
    assert_eq!(
        result(3)[0],
        json!({ "file": "b/large.bin", "bytes": 1000 })
    );
}

#[test]
fn report_has_a_failed_attempt_and_a_retry() {
    let shown = demo_json(&folder());
    let revisions: Vec<_> = shown["report_trail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["step"], &entry["step_result"]["status"]))
        .collect();

    assert_eq!(
        revisions,
        [
            (&json!(0), &json!("running")),
            (&json!(1), &json!("failed")),
            (&json!(1), &json!("running")),
            (&json!(2), &json!("completed"))
        ]
    );
}

#[test]
fn late_save_does_not_change_a_cancelled_task() {
    let shown = demo_json(&folder());

    assert_eq!(
        shown["fingerprints"],
        json!({
            "first_save": "running",
            "cancelled": true,
            "late_save": "cancelled",
            "status": "cancelled",
        })
    );
    assert_eq!(
        shown["fingerprints_history"][1]["step_result"]["status"],
        "completed"
    );
}

#[test]
fn agents_share_a_plan_of_which_a_part_is_cancelled() {
    let shown = demo_json(&folder());
    let release = &shown["release"];
    let list = |list: &str, fields: [&str; 2]| -> Vec<Value> {
        let items = release[list].as_array().unwrap();
        let fields = fields.map(|field| format!("/{field}"));
        let item = |item: &Value| fields.each_ref().map(|field| item.pointer(field).cloned());
        items.iter().map(|of| json!(item(of))).collect()
    };

    assert_eq!(
        list("tasks", ["key/task_id", "progress/state"]),
        [
            json!(["test", "completed"]),
            json!(["document", "cancelled"]),
            json!(["deploy", "skipped"]),
            json!(["build", "completed"]),
            json!(["announce", "completed"]),
        ]
    );
    assert_eq!(
        list("audit_entries", ["action", "entity_id"]),
        [
            json!(["task.completed", "announce"]),
            json!(["task.claimed", "announce"]),
            json!(["task.report_superseded", "document"]),
            json!(["task.skipped", "deploy"]),
            json!(["task.ready", "announce"]),
            json!(["task.cancelled", "document"]),
        ]
    );
    assert_eq!(release["tasks"][3]["progress"]["attempts"], 2);
    assert_eq!(release["graph"]["edges"].as_array().unwrap().len(), 5);
}

#[test]
fn commands_of_the_demo_show_the_same_from_a_database() {
    let (folder, database) = (folder(), TestDatabase::new());
    let (path, url) = (folder.path().to_str().unwrap(), database.url());
    let database = ["--format", "json", "--database-url", &url];
    let json = |args: &[&str]| run([args, &database].concat()).good().json();
    let demo = run([&["demo", path][..], &database].concat());
    let shown = demo.created_store().json();
    let (user, release) = (shown["user_id"].as_str().unwrap(), &shown["release"]);
    let owner = release["user_id"].as_str().unwrap();

    assert_eq!(shown["in_database"], true);
    assert_eq!(json(&["tasks", user])["tasks"], shown["tasks"]);
    assert_eq!(
        json(&["work", "graph", "build", "--owner", owner]),
        release["graph"]
    );
    assert_eq!(
        json(&["work", "list", "--owner", owner])["tasks"],
        release["tasks"]
    );
    assert_eq!(
        json(&["audit", "--owner", owner, "--limit", "6"])["entries"],
        release["audit_entries"]
    );
}

#[test]
fn demo_changes_nothing_and_removes_its_files() {
    let (folder, temporary) = (folder(), Folder::new());
    let mut demo = command();
    demo.arg("demo")
        .arg(folder.path())
        .env("TMPDIR", temporary.path());
    ended(&mut demo).good();

    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn report_that_cannot_be_written_is_a_failed_task() {
    let (folder, mut demo) = (folder(), command());
    demo.args(["demo", "--format", "json"]).arg(folder.path());
    let shown = ended(demo.env("TMPDIR", "/dev/null")).good().json();
    let trail = shown["report_trail"].as_array().unwrap();

    assert_eq!(trail.len(), 3);
    assert_eq!(shown["tasks"][1]["task_id"], "report");
    assert_eq!(shown["tasks"][1]["status"], "failed");
    assert!(shown["tasks"][1]["finished_at"].is_string(), "{shown}");
    assert_eq!(trail[2]["step_result"]["error_code"], "E005");
}

#[test]
fn empty_folder_is_accepted_and_missing_one_is_reported() {
    let empty = demo_json(&Folder::new());

    assert_eq!(empty["tasks"].as_array().unwrap().len(), 3);
    run(["demo", "/no/such/folder"]).failed(
        1,
        "error: cannot read /no/such/folder: No such file",
        "(os error 2)",
    );
}

#[test]
fn database_url_in_the_environment_is_ignored() {
    let (folder, mut demo) = (folder(), command());
    demo.args(["demo", "--format", "json"]).arg(folder.path());
    demo.env("DATABASE_URL", "postgres://me@127.0.0.1:1/tasks");

    assert_eq!(ended(&mut demo).good().json()["in_database"], false);
}
