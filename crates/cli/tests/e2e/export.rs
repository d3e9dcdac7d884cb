//! The content of an export, for each format.

use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, line};
use super::imported::Imported;
use super::tool::run;

/// Revisions, a finished task, a task cancelled before its first save, and texts that need
/// escaping.
fn histories() -> Imported {
    let mut hard = line("a\u{1}/b", 3, "failed");
    hard["user_id"] = json!("bob/\\ \"é𝄞\"");
    hard["recorded_at"] = json!("2026-01-31T12:00:00.123456+02:00");
    hard["step_result"]["result"] = json!({ "nul": "a\0b", "n": [1e17, -0.0, 0.1], "␛": "␛␀" });
    hard["step_result"]["message"] = json!("a\0b,\r\n\"quoted\" <&>\t\u{1b}");
    hard["step_result"]["error_message"] = json!("");
    let imported = Imported::of(&[
        line("a", 1, "running"),
        line("a", 0, "failed"),
        line("a", 1, "completed"),
        line("a", 0, "completed"),
        line("c", 0, "running"),
        hard,
    ]);
    for task in ["c", "never ran"] {
        imported.run(&["cancel", "alice", task]).good();
    }
    imported
}

/// The content of a store without the sequence numbers of its entries.
fn content(database: &TestDatabase) -> Vec<Vec<Option<String>>> {
    let entries = "SELECT user_id, task_id, step, entry_id, recorded_at, status, error_code, result
                   FROM task_history ORDER BY user_id, task_id, id";
    let tasks = "SELECT user_id, task_id, step_status, finished_status, error_code, finished_at,
                        last_step, entries, created_at, last_updated
                 FROM task_summary ORDER BY user_id, task_id";
    let mut rows = database.execute(entries).unwrap();
    rows.extend(database.execute(tasks).unwrap());
    rows
}

fn exported(imported: &Imported, name: &str) -> (Folder, String) {
    let folder = Folder::new();
    let path = folder.path().join(name);
    imported.run(&["export", path.to_str().unwrap()]).good();
    let text = fs::read_to_string(path).unwrap();
    (folder, text)
}

#[test]
fn imported_json_lines_restore_an_equal_store_and_export_an_equal_file() {
    let first = histories();
    let (folder, text) = exported(&first, "all.jsonl");
    let path = folder.path().join("all.jsonl");
    let second = TestDatabase::new();
    let url = second.url();
    let import = [
        "import",
        path.to_str().unwrap(),
        "--format",
        "json",
        "--database-url",
    ];
    let import = [&import[..], &[&url]].concat();

    let report = run(&import).created_store().json();

    assert_eq!(
        [&report["lines"], &report["saved"], &report["tasks"]],
        [8, 8, 4]
    );
    assert_eq!(content(&second), content(&first.database));
    let again = folder.path().join("again.jsonl");
    run(["export", again.to_str().unwrap(), "--database-url", &url]).good();
    assert_eq!(fs::read_to_string(again).unwrap(), text);
    let repeated = run(&import).good().json();
    assert_eq!(
        [&repeated["saved"], &repeated["duplicates"]],
        [0, 8],
        "a second import saves nothing"
    );
}

#[test]
fn json_line_is_an_entry_or_a_finish() {
    let imported = Imported::of(&[line("a", 1, "completed")]);
    imported.run(&["cancel", "alice", "a"]).good();
    let (_folder, text) = exported(&imported, "all.jsonl");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let mut expected = line("a", 1, "completed");
    expected["recorded_at"] = json!("2026-01-31T12:00:01.000000Z");
    expected["entry_id"] = lines[0]["entry_id"].clone();
    let at = lines[1]["finish"]["at"].clone();
    let finish =
        json!({"user_id": "alice", "task_id": "a", "finish": {"status": "cancelled", "at": at}});
    assert_eq!(lines, [expected, finish]);
    assert_eq!(lines[0]["entry_id"].as_str().unwrap().len(), 36);
    assert_eq!(
        at.as_str().unwrap().len(),
        "2026-01-31T12:00:01.000000Z".len()
    );
}

#[test]
fn csv_has_a_row_for_each_entry_and_each_finish() {
    let (_folder, text) = exported(&histories(), "all.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<_> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let column = |name: &str, row: usize| {
        let place = header.iter().position(|title| title == name).unwrap();
        rows[row][place].to_owned()
    };

    assert!(text.starts_with("user_id,task_id,kind,position,step,step_name,status,error_code,"));
    assert!(text.ends_with("\r\n"));
    assert_eq!(rows.len(), 8);
    let places: Vec<_> = (0..4)
        .map(|row| (column("position", row), column("step", row)))
        .collect();
    let pair = |position: &str, step: &str| (position.to_owned(), step.to_owned());
    assert_eq!(
        places,
        [
            pair("1", "1"),
            pair("2", "0"),
            pair("3", "1"),
            pair("4", "0")
        ]
    );
    let finishes: Vec<_> = (0..8)
        .filter(|row| column("kind", *row) == "finish")
        .map(|row| {
            (
                column("task_id", row),
                column("status", row),
                column("step", row),
            )
        })
        .collect();
    let finish = |task: &str| (task.to_owned(), "cancelled".to_owned(), String::new());
    assert_eq!(finishes, [finish("c"), finish("never ran")]);
    assert_eq!(column("message", 7), "a\0b,\r\n\"quoted\" <&>\t\u{1b}");
    assert_eq!(column("user_id", 7), "bob/\\ \"é𝄞\"");
    assert_eq!(column("recorded_at", 7), "2026-01-31T10:00:00.123456Z");
    let result: Value = serde_json::from_str(&column("result", 7)).unwrap();
    assert_eq!(
        result,
        json!({ "nul": "a\0b", "n": [1e17, -0.0, 0.1], "␛": "␛␀" })
    );
}

#[test]
fn event_log_has_a_trace_for_each_task_and_an_event_for_each_entry() {
    let (_folder, text) = exported(&histories(), "all.xes");
    let count = |part: &str| text.matches(part).count();

    assert_eq!((count("<trace>"), count("</trace>")), (4, 4));
    assert_eq!((count("<event>"), count("</event>")), (6, 6));
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<log xes.version=\"1849.2016\"",
        "<string key=\"concept:name\" value=\"alice/never ran\"/>",
        "<string key=\"finished_status\" value=\"cancelled\"/>",
        "<string key=\"concept:name\" value=\"step 3\"/>",
        "<string key=\"concept:name\" value=\"bob\\/\\\\ &quot;é𝄞&quot;/a\\u0001/b\"/>",
        "<string key=\"task_id\" value=\"a␁/b\"/>",
        "<date key=\"time:timestamp\" value=\"2026-01-31T10:00:00.123456Z\"/>",
        "<string key=\"lifecycle:transition\" value=\"ate_abort\"/>",
        "<string key=\"error_code\" value=\"E003\"/>",
        "<string key=\"message\" value=\"a␀b,&#13;&#10;&quot;quoted&quot; &lt;&amp;&gt;&#9;␛\"/>",
        "a\\u0000b",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let illegal = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(illegal), "{text}");
}

#[test]
fn compressed_export_has_the_same_content() {
    let imported = histories();
    let folder = Folder::new();
    let path = folder.path().join("all.jsonl.gz");
    imported.run(&["export", path.to_str().unwrap()]).good();
    let mut text = String::new();
    MultiGzDecoder::new(fs::File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();

    assert_eq!(text, imported.run(&["export", "-"]).good().stdout);
}

#[test]
fn suffix_or_option_selects_the_format() {
    let imported = Imported::new();
    let (_folder, text) = exported(&imported, "all.jsonl");
    let folder = Folder::new();
    let other = folder.path().join("all.csv");
    imported
        .run(&["export", other.to_str().unwrap(), "--as", "jsonl"])
        .good();

    assert_eq!(fs::read_to_string(other).unwrap(), text);
    let table = imported.run(&["export", "-", "--as", "csv"]).good();
    assert!(table.stdout.starts_with("user_id,"), "{table:?}");
    imported.run(&["export", "all.json"]).failed(
        2,
        "error: cannot derive the format from the name all.json",
        "csv or xes",
    );
}

#[test]
fn selected_tasks_are_exported_whole() {
    let imported = Imported::of(&[
        line("long", 0, "running"),
        line("long", 30, "running"),
        line("short", 1, "running"),
    ]);
    let tasks = |args: &[&str]| {
        let text = imported
            .run(&[&["export", "-"], args].concat())
            .good()
            .stdout;
        let ids = text.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["task_id"].as_str().unwrap().to_owned()
        });
        ids.collect::<Vec<_>>()
    };

    assert_eq!(
        tasks(&["--since", "2026-01-31T12:00:30Z"]),
        ["long", "long"]
    );
    assert_eq!(tasks(&["--until", "2026-01-31T12:00:30Z"]), ["short"]);
    assert_eq!(tasks(&["--user", "alice"]).len(), 3);
    assert!(tasks(&["--user", "bob"]).is_empty());
    let (later, earlier) = ("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z");
    imported
        .run(&["export", "-", "--since", later, "--until", earlier])
        .failed(
            2,
            "error: --since 2026-02-01T00:00:00.000000Z must be earlier than",
            "--until 2026-01-01T00:00:00.000000Z",
        );
}

#[test]
fn export_of_selected_tasks_can_be_imported() {
    let first = histories();
    let folder = Folder::new();
    let path = folder.path().join("some.jsonl");
    let path = path.to_str().unwrap();
    let selected = [
        "--status",
        "cancelled",
        "--status",
        "failed",
        "--user",
        "alice",
    ];

    let answer = first.json(&[&["export", path][..], &selected].concat());

    // A cancelled task with an entry, and one that never ran. Task `a` is completed, and the failed
    // task belongs to another user.
    assert_eq!(
        [&answer["tasks"], &answer["entries"], &answer["finishes"]],
        [2, 1, 2]
    );
    let second = TestDatabase::new();
    let url = second.url();
    run(["import", path, "--database-url", &url]).created_store();
    let all = content(&first.database);
    let expected: Vec<_> = all
        .into_iter()
        .filter(|row| matches!(row[1].as_deref(), Some("c" | "never ran")))
        .collect();
    assert_eq!(content(&second), expected);
}
