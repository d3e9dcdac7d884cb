//! Results and messages that cannot be stored, and unusual ones that can.

use std::fs;

use serde_json::{Value, json};
use tasktrail_test_support::TestDatabase;

use super::files::{Folder, line};
use super::tool::{Run, run};

/// A line with this result and message, given as raw JSON.
fn written(step: u32, result: &str, message: &str) -> String {
    let mut line = line("a", step, "running");
    line["step_result"]["result"] = json!("RESULT");
    line["step_result"]["message"] = json!("MESSAGE");
    let line = line.to_string();
    let line = line.replace("\"RESULT\"", result);
    line.replace("\"MESSAGE\"", message) + "\n"
}

/// A file to import, and a database.
struct Fixture {
    folder: Folder,
    database: TestDatabase,
}

impl Fixture {
    fn of(lines: &[String]) -> Self {
        let folder = Folder::new();
        folder.file("f.jsonl", lines.concat());
        let database = TestDatabase::new();
        run(["migrate", "--database-url", &database.url()]).good();
        Self { folder, database }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn import(&self, args: &[&str]) -> Run {
        let url = self.database.url();
        let file = self.path("f.jsonl");
        let all = ["import", &file, "--format", "json", "--database-url", &url];
        run([&all[..], args].concat())
    }

    /// The lines of an export.
    fn exported(&self) -> Vec<String> {
        let (url, file) = (self.database.url(), self.path("exported.jsonl"));
        run(["export", &file, "--force", "--database-url", &url]).good();
        let text = fs::read_to_string(file).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn storable_results_are_exported_unchanged() {
    let results = [
        "[1.50,-0,1e400,0.10e-05,18446744073709551616]",
        r#"{"a":"\ud835","b":"\u0000␛","\udc00":123456789012345678901234567890.10}"#,
        r#"{"$serde_json::private::Number":"1","$serde_json::private::RawValue":"2"}"#,
    ];
    let lines = (0..)
        .zip(results)
        .map(|(step, result)| written(step, result, r#""""#));
    let fixture = Fixture::of(&lines.collect::<Vec<_>>());

    let report = fixture.import(&[]).good().json();

    assert_eq!(
        (&report["saved"], &report["invalid"]),
        (&json!(3), &json!(0))
    );
    for (exported, result) in fixture.exported().iter().zip(results) {
        assert!(
            exported.contains(&format!(r#""result":{result},"#)),
            "{exported}"
        );
    }
}

/// Lines with one unstorable value each, and the reason.
fn unstorable() -> Vec<(String, &'static str)> {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let large = format!("\"{}\"", "x".repeat(300));
    let empty = r#""""#;
    vec![
        (
            written(0, r#"{"b": 1, "a": [{"c": 1, "\u0063": 2}]}"#, empty),
            "result must be free of duplicate keys, got \"c\"",
        ),
        (
            written(1, &deep, empty),
            "result must be nested at most 100 levels deep, got a deeper one",
        ),
        (
            written(2, &large, empty),
            "result must be at most 200 bytes long as JSON, got 302 bytes",
        ),
        (
            written(3, "1", r#""half a \ud83d""#),
            "message must be free of lone surrogates, got half of a character",
        ),
        (
            written(4, "1", &large),
            "message must be at most 200 bytes long, got 300 bytes",
        ),
    ]
}

#[test]
fn unstorable_values_are_reported_with_line_and_reason() {
    let (lines, reasons): (Vec<_>, Vec<_>) = unstorable().into_iter().unzip();
    let fixture = Fixture::of(&lines);
    let file = fixture.path("f.jsonl");

    let first = fixture.import(&["--max-result-bytes", "200"]);
    let all = fixture.import(&["--max-result-bytes", "200", "--skip-invalid"]);

    let expected = format!("error: {file}:1: step_result: {}", reasons[0]);
    first.failed(1, &expected, "");
    let reported: Vec<&str> = all.stderr.lines().collect();
    let expected = (1..).zip(&reasons);
    let expected = expected
        .map(|(line, reason)| format!("invalid line: {file}:{line}: step_result: {reason}"));
    assert_eq!(reported, expected.collect::<Vec<_>>());
    assert_eq!(all.json()["invalid"], 5, "{all:?}");
}

#[test]
fn replacing_unstorable_values_saves_every_step() {
    let (lines, reasons): (Vec<_>, Vec<_>) = unstorable().into_iter().unzip();
    let fixture = Fixture::of(&lines);
    let replace = ["--max-result-bytes", "200", "--replace-unstorable"];
    let file = fixture.path("f.jsonl");

    let report = fixture.import(&replace);
    let again = fixture.import(&replace).json();

    let reported: Vec<&str> = report.stderr.lines().collect();
    let expected = (1..).zip(&reasons);
    let expected =
        expected.map(|(line, reason)| format!("replaced: {file}:{line}: step_result: {reason}"));
    assert_eq!(reported, expected.collect::<Vec<_>>());
    let report = report.json();
    let counts = ["saved", "invalid", "replaced"].map(|key| &report[key]);
    assert_eq!(counts, [5, 0, 5]);
    assert_eq!(
        (&again["duplicates"], &again["invalid"]),
        (&json!(5), &json!(0))
    );
    let steps: Vec<Value> = fixture
        .exported()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let result = |step: usize| &steps[step]["step_result"]["result"]["replaced_result"];
    assert_eq!(
        result(0),
        &json!({ "reason": reasons[0], "bytes": 38, "original": r#"{"b": 1, "a": [{"c": 1, "\u0063": 2}]}"# })
    );
    assert_eq!(
        result(1),
        &json!({ "reason": reasons[1], "bytes": 2000, "original": null })
    );
    assert_eq!(
        result(2),
        &json!({ "reason": reasons[2], "bytes": 302, "original": null })
    );
    assert_eq!(steps[3]["step_result"]["message"], "half a \u{fffd}");
    assert_eq!(steps[4]["step_result"]["message"], "x".repeat(200));
}
