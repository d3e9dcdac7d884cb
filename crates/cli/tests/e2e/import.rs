//! Files as they come, imported into memory.

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

/// Lines, saved, already there, tasks, bad.
#[track_caller]
fn counts(run: &Run) -> [u64; 5] {
    let report = run.json();
    ["lines", "saved", "already_there", "tasks", "bad"].map(|key| report[key].as_u64().unwrap())
}

fn three() -> String {
    text(&[
        line("a", 0, "running"),
        line("a", 1, "completed"),
        line("b", 0, "failed"),
    ])
}

#[test]
fn the_report_has_exactly_these_keys() {
    let folder = Folder::new();
    let report = import(&folder.file("f.jsonl", three())).good().json();
    let keys: Vec<_> = report.as_object().unwrap().keys().collect();

    assert_eq!(
        keys,
        [
            "already_there",
            "bad",
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
fn the_report_is_a_table_for_people() {
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(1234));
    let shown = run(["import", "--in-memory", path.to_str().unwrap()]).good();

    assert!(
        shown.stdout.contains("│ saved         │ 1 234 │"),
        "{shown:?}"
    );
}

#[test]
fn plain_and_compressed_files_are_told_apart_by_what_is_in_them() {
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
fn standard_input_is_read_plain_or_compressed() {
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
fn equal_lines_of_a_file_are_saves_of_their_own() {
    let folder = Folder::new();
    let again = three().repeat(3);
    let path = folder.file("f.jsonl", &again);

    assert_eq!(counts(&import(&path).good()), [9, 9, 0, 2, 0]);
}

#[test]
fn a_file_that_has_grown_adds_only_what_is_new() {
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
fn lines_without_a_time_are_saved_once_as_well() {
    let folder = Folder::new();
    let mut timeless = line("a", 0, "running");
    timeless.as_object_mut().unwrap().remove("recorded_at");
    let path = folder.file("f.jsonl", text(&[timeless.clone(), timeless]));
    let path = path.to_str().unwrap();

    let report = run(["import", "--in-memory", "--format", "json", path, path]).good();

    assert_eq!(counts(&report), [4, 2, 2, 1, 0]);
}

#[test]
fn the_limit_on_results_can_be_raised_and_lowered() {
    let folder = Folder::new();
    let mut large = line("a", 0, "running");
    large["step_result"]["result"] = json!("x".repeat(2 << 20));
    let path = folder.file("f.jsonl", text(&[large]));
    let path = path.to_str().unwrap();
    let args = ["import", "--in-memory", "--format", "json", path];

    run(args).failed(
        1,
        &format!("error: {path}:1: step_result: result must be at most 1048576 bytes"),
        "replace it with --replace-unstorable",
    );
    run([&args[..], &["--max-result-bytes", "3000000"]].concat()).good();
}

#[test]
fn a_batch_is_cut_without_losing_a_line() {
    let folder = Folder::new();

    for count in [999, 1000, 1001, 2000] {
        let path = folder.file("f.jsonl", many(count));
        let count = u64::from(count);
        assert_eq!(counts(&import(&path).good()), [count, count, 0, 10, 0]);
    }
}

#[test]
fn what_cannot_be_opened_or_read_is_named() {
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
fn a_truncated_gzip_file_is_told_after_its_good_lines_are_saved() {
    let folder = Folder::new();
    let whole = gzip(many(5000).as_bytes());
    let path = folder.file("f.jsonl.gz", &whole[..whole.len() / 2]);
    let report = import(&path);

    let start = format!("error: {}:", path.display());
    assert_eq!(report.code, Some(1), "{report:?}");
    assert!(report.stderr.starts_with(&start), "{report:?}");
    assert!(report.stderr.contains("cannot read on"), "{report:?}");
    let [lines, saved, ..] = counts(&report);
    assert!(lines == saved && saved > 100, "{report:?}");
}
