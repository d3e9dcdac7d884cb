//! Imports of various files into memory.

use std::path::Path;

use serde_json::json;

use super::files::{Folder, gzip, line, many, text};
use super::tool::{Run, run, run_with_stdin};

fn import(path: &Path) -> Run {
    run([
        "import",
        "--in-memory",
        "--format",
        "json",
        path.to_str().unwrap(),
    ])
}

/// Lines, saved, duplicates, tasks, invalid.
#[track_caller]
fn counts(run: &Run) -> [u64; 5] {
    let report = run.json();
    ["lines", "saved", "duplicates", "tasks", "invalid"].map(|key| report[key].as_u64().unwrap())
}

fn three() -> String {
    text(&[
        line("a", 0, "running"),
        line("a", 1, "completed"),
        line("b", 0, "failed"),
    ])
}

#[test]
fn report_has_exactly_the_documented_keys() {
    let folder = Folder::new();
    let report = import(&folder.file("f.jsonl", three())).good().json();
    let keys: Vec<_> = report.as_object().unwrap().keys().collect();

    assert_eq!(
        keys,
        [
            "duplicates",
            "invalid",
            "lines",
            "replaced",
            "saved",
            "seconds",
            "tasks"
        ]
    );
    assert!(report["seconds"].is_f64(), "{report}");
}

#[test]
fn report_is_a_table_by_default() {
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(1234));
    let shown = run(["import", "--in-memory", path.to_str().unwrap()]).good();

    assert!(shown.stdout.contains("│ saved      │ 1 234 │"), "{shown:?}");
}

#[test]
fn gzip_is_detected_by_content() {
    let folder = Folder::new();
    let [first, rest] = [&three()[..500], &three()[500..]].map(|part| gzip(part.as_bytes()));
    for (name, content) in [
        ("plain.jsonl", three().into_bytes()),
        ("compressed.jsonl.gz", gzip(three().as_bytes())),
        ("compressed.jsonl", gzip(three().as_bytes())),
        ("plain.gz", three().into_bytes()),
        ("in-two-members.gz", [first, rest].concat()),
    ] {
        let report = import(&folder.file(name, content)).good();

        assert_eq!(counts(&report), [3, 3, 0, 2, 0], "{name}");
    }
}

#[test]
fn standard_input_can_be_plain_or_compressed() {
    let args = ["import", "--in-memory", "--format", "json", "-"];

    for input in [three().into_bytes(), gzip(three().as_bytes())] {
        assert_eq!(
            counts(&run_with_stdin(args, &input).good()),
            [3, 3, 0, 2, 0]
        );
    }
    assert_eq!(counts(&run_with_stdin(args, b"").good()), [0; 5]);
}

#[test]
fn line_endings_blank_lines_and_byte_order_mark_do_not_matter() {
    let folder = Folder::new();
    let plain = folder.file("plain.jsonl", three());
    let windows = three().replace('\n', "\r\n\r\n  \r\n");
    let windows = format!("\u{feff}{}", windows.trim_end());
    let windows = folder.file("windows.jsonl", windows);
    let both = [plain, windows].map(|path| path.to_str().unwrap().to_owned());

    let mut args = vec!["import", "--in-memory", "--format", "json"];
    args.extend(both.iter().map(String::as_str));

    // The same lines: the second file repeats the saves of the first.
    assert_eq!(counts(&run(args).good()), [6, 3, 3, 2, 0]);
}

#[test]
fn equal_lines_of_a_file_are_separate_saves() {
    let folder = Folder::new();
    let again = three().repeat(3);
    let path = folder.file("f.jsonl", &again);

    assert_eq!(counts(&import(&path).good()), [9, 9, 0, 2, 0]);
}

#[test]
fn reimport_of_a_grown_file_saves_only_the_new_lines() {
    let folder = Folder::new();
    let before = folder.file("before.jsonl", three().repeat(2));
    let after = folder.file("after.jsonl", three().repeat(3));
    let args = ["import", "--in-memory", "--format", "json"];
    let files = [before.to_str().unwrap(), after.to_str().unwrap()];

    assert_eq!(
        counts(&run([args.as_slice(), &files].concat()).good()),
        [15, 9, 6, 2, 0]
    );
}

#[test]
fn lines_without_a_time_are_saved_once() {
    let folder = Folder::new();
    let mut timeless = line("a", 0, "running");
    timeless.as_object_mut().unwrap().remove("recorded_at");
    let path = folder.file("f.jsonl", text(&[timeless.clone(), timeless]));
    let path = path.to_str().unwrap();

    let report = run(["import", "--in-memory", "--format", "json", path, path]).good();

    assert_eq!(counts(&report), [4, 2, 2, 1, 0]);
}

#[test]
fn max_result_bytes_sets_the_limit_on_results() {
    let folder = Folder::new();
    let mut large = line("a", 0, "running");
    large["step_result"]["result"] = json!("x".repeat(2 << 20));
    let path = folder.file("f.jsonl", text(&[large]));
    let path = path.to_str().unwrap();
    let args = ["import", "--in-memory", "--format", "json", path];

    run(args).failed(
        1,
        &format!("error: {path}:1: step_result: result must be at most 1048576 bytes"),
        "pass --replace-unstorable",
    );
    run([&args[..], &["--max-result-bytes", "3000000"]].concat()).good();
}

#[test]
fn no_line_is_lost_at_a_batch_boundary() {
    let folder = Folder::new();

    for count in [999, 1000, 1001, 2000] {
        let path = folder.file("f.jsonl", many(count));
        let count = u64::from(count);
        assert_eq!(counts(&import(&path).good()), [count, count, 0, 10, 0]);
    }
}

#[test]
fn unreadable_input_is_reported_with_its_name() {
    let folder = Folder::new();
    let path = folder.path().to_str().unwrap();

    run(["import", "--in-memory", "/no/such/file"]).failed(
        1,
        "error: cannot open /no/such/file: No such file",
        "(os error 2)",
    );
    run(["import", "--in-memory", path]).failed(
        1,
        &format!("error: cannot open {path}: "),
        "(os error 21)",
    );
}

#[test]
fn truncated_gzip_file_is_reported_after_its_good_lines_are_saved() {
    let folder = Folder::new();
    let whole = gzip(many(5000).as_bytes());
    let path = folder.file("f.jsonl.gz", &whole[..whole.len() / 2]);
    let report = import(&path);

    let start = format!("error: {}:", path.display());
    assert_eq!(report.code, Some(1), "{report:?}");
    assert!(report.stderr.starts_with(&start), "{report:?}");
    assert!(
        report.stderr.contains("cannot read the next line"),
        "{report:?}"
    );
    let [lines, saved, ..] = counts(&report);
    assert!(lines == saved && saved > 100, "{report:?}");
}
