//! Lines that cannot be saved, reported with file, line, field and reason.

use serde_json::{Value, json};

use super::files::{Folder, line, text};
use super::tool::{Run, run};

/// Imports the given line between two valid lines.
fn import_between(invalid: &[u8], args: &[&str]) -> (String, Run) {
    let folder = Folder::new();
    let good = text(&[line("a", 0, "running")]);
    let other = text(&[line("a", 1, "running")]);
    let content = [good.as_bytes(), invalid, b"\n", other.as_bytes()].concat();
    let path = folder.file("f.jsonl", content);
    let path = path.to_str().unwrap();
    let all = [&["import", "--in-memory", "--format", "json", path], args].concat();
    (format!("{path}:2: "), run(all))
}

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut invalid = line("a", 0, "running");
    change(&mut invalid);
    invalid.to_string().into_bytes()
}

fn without(object: &str, key: &str) -> Vec<u8> {
    changed(|line| {
        line.pointer_mut(object)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(key);
    })
}

fn with(pointer: &str, value: Value) -> Vec<u8> {
    changed(|line| *line.pointer_mut(pointer).unwrap() = value)
}

#[track_caller]
fn refused(invalid: &[u8], reason: &str) {
    let (place, report) = import_between(invalid, &[]);

    let start = format!("error: {place}{reason}");
    let report = report.failed(1, &start, "pass --replace-unstorable");
    let outcome = "; the import stopped at this line, and the valid lines before it are saved: ";
    assert!(report.stderr.contains(outcome), "{report:?}");
    assert!(report.stderr.contains("--skip-invalid"), "{report:?}");
    assert_eq!(report.json()["saved"], 1, "{report:?}");
    assert_eq!(report.json()["invalid"], 1, "{report:?}");

    let (place, report) = import_between(invalid, &["--skip-invalid"]);
    let report = report.failed(0, &format!("invalid line: {place}{reason}"), "");
    assert_eq!(report.json()["lines"], 3, "{report:?}");
    assert_eq!(report.json()["saved"], 2, "{report:?}");
    assert_eq!(report.json()["invalid"], 1, "{report:?}");
}

#[test]
fn missing_key_is_reported() {
    for key in ["user_id", "task_id", "step", "step_result"] {
        refused(&without("", key), &format!("missing field `{key}`"));
    }
    for key in [
        "step",
        "result",
        "completed",
        "message",
        "status",
        "error_code",
        "error_message",
    ] {
        refused(
            &without("/step_result", key),
            &format!("step_result: missing field `{key}`"),
        );
    }
}

#[test]
fn unknown_or_duplicate_key_is_reported() {
    refused(
        &changed(|line| line["extra"] = json!(1)),
        "extra: unknown field `extra`",
    );
    refused(
        &changed(|line| line["step_result"]["extra"] = json!(1)),
        "step_result.extra: unknown field `extra`",
    );
    let twice = String::from_utf8(changed(|_| {})).unwrap();
    let twice = twice.replace(r#""message":"""#, r#""message":"","message":"""#);
    refused(twice.as_bytes(), "step_result: duplicate field `message`");
}

#[test]
fn value_of_the_wrong_type_is_reported() {
    refused(
        &with("/step", json!("0")),
        "step: invalid type: string \"0\", expected i64",
    );
    refused(
        &with("/step_result/completed", json!("yes")),
        "step_result.completed: invalid type: string \"yes\", expected a boolean",
    );
    refused(
        &with("/step_result/message", json!(null)),
        "step_result.message: invalid type: null, expected a string",
    );
    refused(b"[]", "invalid length 0, expected struct");
    refused(b"7", "invalid type: integer `7`, expected struct");
}

#[test]
fn invalid_id_step_or_time_is_reported_with_the_allowed_values() {
    let id = "must be 1 to 255 bytes long";
    let nul = "must be free of NUL characters";
    let step = "must be 0 to 2147483647";
    let time = "must be an RFC 3339 time";
    for (pointer, value, reason) in [
        ("/user_id", json!(""), format!("user_id: user_id {id}")),
        (
            "/task_id",
            json!("x".repeat(256)),
            format!("task_id: task_id {id}"),
        ),
        ("/task_id", json!("a\0b"), format!("task_id: task_id {nul}")),
        ("/step", json!(-1), format!("step: step {step}, got -1")),
        ("/step", json!(1_u32 << 31), format!("step: step {step}")),
        (
            "/recorded_at",
            json!("yesterday"),
            format!("recorded_at: timestamp {time}"),
        ),
    ] {
        refused(&with(pointer, value), &reason);
    }
}

#[test]
fn invalid_step_result_is_reported_with_the_allowed_values() {
    let deep = (0..101).fold(json!(1), |inner, _| json!([inner]));
    for (key, value, reason) in [
        ("step", json!(""), ".step: step must be 1 to 255 bytes long"),
        ("status", json!("done"), ".status: status must be pending, "),
        (
            "error_code",
            json!(""),
            ".error_code: error_code must be 1 to 255",
        ),
        (
            "result",
            deep,
            ": result must be nested at most 100 levels deep",
        ),
    ] {
        let pointer = format!("/step_result/{key}");
        refused(&with(&pointer, value), &format!("step_result{reason}"));
    }
}

#[test]
fn invalid_json_is_reported_with_its_column() {
    refused(
        b"{\"user_id\": nobody}",
        "user_id: not JSON: expected ident (column 14)",
    );
    refused(
        b"{\"user_id\": \"a\"",
        "not JSON: EOF while parsing an object (column 15)",
    );
    refused(b"not at all", "not JSON: expected ident (column 2)");
    let good = String::from_utf8(changed(|_| {})).unwrap();
    refused(
        format!("{good} {good}").as_bytes(),
        "not JSON: trailing characters",
    );
    refused("[".repeat(200).as_bytes(), "");
}

#[test]
fn valid_json_with_an_unsupported_value_is_not_reported_as_invalid_json() {
    let good = String::from_utf8(changed(|_| {})).unwrap();
    let with = |old: &str, new: &str| {
        let invalid = good.replacen(old, new, 1);
        assert_ne!(invalid, good);
        invalid.into_bytes()
    };
    let reason = "a lone surrogate, or a number out of range: ";

    refused(
        &with(r#""task_id":"a""#, r#""task_id":"\ud835""#),
        &format!("task_id: {reason}"),
    );
    refused(
        &with(r#""step":"step 0""#, r#""step":"\udc00x""#),
        &format!("step_result.step: {reason}"),
    );
    refused(
        &with(r#""step":0"#, r#""step":1e400"#),
        &format!("step: {reason}"),
    );
}

#[test]
fn invalid_utf_8_is_reported() {
    refused(
        b"{\"user_id\": \"\xff\"}",
        "not UTF-8 (byte 14 of the line)",
    );
}

#[test]
fn control_characters_of_a_line_are_escaped() {
    let (_, report) = import_between(b"{\"\x1b]0;owned\x07\": 1}", &[]);

    assert!(!report.stderr.contains('\x1b'), "{report:?}");
}

#[test]
fn first_20_invalid_lines_are_reported_and_the_rest_counted() {
    let folder = Folder::new();
    let content = format!(
        "{}{}",
        "invalid\n".repeat(25),
        text(&[line("a", 0, "running")])
    );
    let path = folder.file("f.jsonl", content);
    let path = path.to_str().unwrap();
    let report = run([
        "import",
        "--in-memory",
        "--skip-invalid",
        path,
        "--format",
        "json",
    ]);

    assert_eq!(report.code, Some(0), "{report:?}");
    let reported: Vec<&str> = report.stderr.lines().collect();
    assert_eq!(reported.len(), 21, "{report:?}");
    assert!(
        reported[19].starts_with(&format!("invalid line: {path}:20: ")),
        "{report:?}"
    );
    assert_eq!(reported[20], "invalid line: and 5 more");
    assert_eq!(report.json()["invalid"], 25, "{report:?}");
}
