//! The export of agents, planned tasks, executions and the audit log.

use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use super::files::Folder;
use super::orchestration::Store;
use super::tool::run;

/// Two agents, five tasks and three executions of the owner `default`, and a task of another owner.
fn worked() -> Store {
    let store = Store::new();
    store.register("builder-1", "code");
    store.register("builder-2", "code");
    store.plan();
    store.claimed("builder-1");
    store.json(&["work", "report", "build", "1", "--completed"]);
    store.claimed("builder-1");
    store.claimed("builder-2");
    let plan = json!({"tasks": [{"id": "build", "title": "Of another owner"}]});
    let folder = Folder::new();
    let path = folder.file("plan.json", plan.to_string());
    store.json(&["plan", path.to_str().unwrap(), "--owner", "acme"]);
    store
}

/// The records of one kind, in the order of the lines.
fn records(text: &str, kind: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let records = lines.filter_map(|line: Value| line.get(kind).cloned());
    records.collect()
}

fn listed(shown: &Value, list: &str) -> Vec<Value> {
    shown[list].as_array().unwrap().clone()
}

#[test]
fn export_has_what_the_commands_list() {
    let store = worked();
    let text = store.run(&["export", "-", "--orchestration"]).good().stdout;

    let (mut tasks, mut executions) = (Vec::new(), Vec::new());
    for task in listed(&store.json(&["work", "list"]), "tasks") {
        let id = task["key"]["task_id"].as_str().unwrap();
        let shown = store.json(&["work", "show", id]);
        tasks.push(shown["task"].clone());
        executions.extend(listed(&shown, "executions"));
    }
    assert_eq!(records(&text, "task"), tasks);
    // Those of an agent are together.
    executions.sort_by_key(|execution| {
        let agent = execution["agent"].as_str().unwrap().to_owned();
        let assigned_at = execution["assigned_at"].as_str().unwrap().to_owned();
        (agent, std::cmp::Reverse(assigned_at))
    });
    assert_eq!(records(&text, "execution"), executions);
    assert_eq!(
        records(&text, "agent"),
        listed(&store.json(&["agents", "list"]), "agents")
    );
    assert_eq!(
        records(&text, "audit"),
        listed(&store.json(&["audit"]), "entries")
    );
    let of_acme = ["export", "-", "--orchestration", "--owner", "acme"];
    let of_acme = store.run(&of_acme).good().stdout;
    assert_eq!(records(&of_acme, "task").len(), 1);
    assert_eq!(of_acme.lines().count(), 2);
}

#[test]
fn file_is_compressed_and_its_records_are_counted() {
    let store = worked();
    let folder = Folder::new();
    let path = folder.path().join("agents.jsonl.gz");
    let file = path.to_str().unwrap();
    let answer = store.json(&["export", file, "--orchestration"]);
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(&path).unwrap())
        .read_to_string(&mut text)
        .unwrap();

    let count = |kind: &str| records(&text, kind).len();
    assert_eq!([2, 5, 3], ["agent", "task", "execution"].map(count));
    assert_eq!(answer["agents"], 2);
    assert_eq!(answer["tasks"], 5);
    assert_eq!(answer["executions"], 3);
    assert_eq!(answer["audit_entries"], count("audit"));
    assert_eq!(answer["bytes"], fs::metadata(&path).unwrap().len());
    assert_eq!([&answer["file"], &answer["format"]], [file, "jsonl"]);
    assert_eq!(
        text,
        store.run(&["export", "-", "--orchestration"]).good().stdout
    );
    store.run(&["export", file, "--orchestration"]).failed(
        1,
        "error: ",
        "agents.jsonl.gz already exists: pass --force to overwrite it",
    );
}

#[test]
fn options_of_the_two_exports_are_not_mixed() {
    for format in [&["agents.csv"][..], &["-", "--as", "xes"]] {
        run([&["export", "--orchestration"], format].concat()).failed(
            2,
            "error: --orchestration writes JSON lines: ",
            "pass --as jsonl",
        );
    }
    for mixed in [
        &["--owner", "acme"][..],
        &["--orchestration", "--user", "alice"],
    ] {
        let refused = run([&["export", "-"], mixed].concat());
        assert_eq!(
            (refused.code, &*refused.stdout),
            (Some(2), ""),
            "{refused:?}"
        );
    }
}
