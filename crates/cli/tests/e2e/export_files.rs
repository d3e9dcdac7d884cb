//! The target of an export: an atomic file, standard output, a pipe that closes.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tasktrail_test_support::{TableLock, TestDatabase, wait_until};

use super::files::{Folder, line, many, text};
use super::imported::Imported;
use super::signals::{ended, send, spawn};
use super::tool::{command, run};

/// More lines than the buffers of pipes and sockets hold.
const LINES: u32 = 60_000;

fn large() -> (TestDatabase, String) {
    let folder = Folder::new();
    let path = folder.file("f.jsonl", many(LINES));
    let database = TestDatabase::new();
    let url = database.url();
    run(["import", path.to_str().unwrap(), "--database-url", &url]).created_store();
    (database, url)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn report_has_exactly_the_documented_keys() {
    let imported = Imported::new();
    let folder = Folder::new();
    let path = folder.path().join("all.csv.gz");
    let path = path.to_str().unwrap();
    let report = imported.json(&["export", path]);
    let keys: Vec<_> = report.as_object().unwrap().keys().collect();

    assert_eq!(
        keys,
        [
            "bytes", "entries", "file", "finishes", "format", "seconds", "tasks"
        ]
    );
    assert_eq!(
        (&report["tasks"], &report["entries"]),
        (&3.into(), &5.into())
    );
    assert_eq!(
        (&report["file"], &report["format"]),
        (&path.into(), &"csv".into())
    );
    assert_eq!(report["bytes"], fs::metadata(path).unwrap().len());
}

#[test]
fn existing_file_is_overwritten_only_with_force() {
    let imported = Imported::new();
    let folder = Folder::new();
    let path = folder.file("all.jsonl", "precious");
    let name = path.to_str().unwrap();

    imported.run(&["export", name]).failed(
        1,
        "error: ",
        "all.jsonl already exists: pass --force to overwrite it",
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    imported.run(&["export", name, "--force"]).good();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
    assert_eq!(names(folder.path()), ["all.jsonl"]);
}

#[cfg(unix)]
#[test]
fn overwritten_file_keeps_its_permissions_and_symlinks() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let imported = Imported::new();
    let folder = Folder::new();
    let path = folder.file("real.jsonl", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let link = folder.path().join("link.jsonl");
    symlink(&path, &link).unwrap();

    imported
        .run(&["export", link.to_str().unwrap(), "--force"])
        .good();

    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn export_with_missing_entries_fails_and_leaves_no_file() {
    let imported = Imported::of(&[
        line("a", 0, "running"),
        line("a", 1, "running"),
        line("b", 0, "running"),
    ]);
    let spoil = "DELETE FROM task_history WHERE task_id = 'a' AND step = 0";
    imported.database.execute(spoil).unwrap();
    let folder = Folder::new();

    for name in ["all.jsonl", "all.csv.gz", "all.xes"] {
        let path = folder.path().join(name);
        imported.run(&["export", path.to_str().unwrap()]).failed(
            1,
            "error: ",
            "task_summary counts 2 entries of alice/a, task_history contains 1; \
             docs/EXPORT.md shows how to find and repair such tasks",
        );
    }
    imported.run(&["export", "-"]).failed(
        1,
        "error: the export is not complete: ",
        "repair such tasks",
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn report_counts_what_was_written() {
    let imported = Imported::of(&[
        line("a", 0, "running"),
        line("a", 0, "completed"),
        line("b", 0, "running"),
    ]);
    for task in ["b", "never ran"] {
        imported.run(&["cancel", "alice", task]).good();
    }
    let folder = Folder::new();
    let path = folder.path().join("all.jsonl");

    let report = imported.json(&["export", path.to_str().unwrap()]);

    let written = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let finishes = lines.iter().filter(|line| line.get("finish").is_some());
    assert_eq!(report["finishes"], finishes.count());
    assert_eq!(
        [&report["tasks"], &report["entries"], &report["finishes"]],
        [3, 3, 2]
    );
    assert_eq!(report["bytes"], written.len());
}

#[test]
fn failed_export_leaves_no_file() {
    let empty = TestDatabase::new();
    let folder = Folder::new();
    let path = folder.path().join("all.jsonl");
    let args = [
        "export",
        path.to_str().unwrap(),
        "--database-url",
        &empty.url(),
    ];

    run(args).failed(
        1,
        "error: schema public has no store",
        "run tasktrail migrate",
    );

    assert!(names(folder.path()).is_empty());
    let nowhere = folder.path().join("missing/all.jsonl");
    Imported::new()
        .run(&["export", nowhere.to_str().unwrap()])
        .failed(1, "error: cannot write ", ".part\"");
}

#[cfg(unix)]
#[test]
fn device_is_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;

    let imported = Imported::new();
    let report = imported.json(&["export", "/dev/null", "--as", "xes"]);

    assert_eq!(
        (&report["entries"], &report["bytes"]),
        (&5.into(), &Value::Null)
    );
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

#[test]
fn interrupted_export_leaves_no_file() {
    let imported = Imported::new();
    let folder = Folder::new();
    let path = folder.path().join("all.xes.gz");
    let lock = TableLock::on(&imported.database, "task_history");
    let args = [
        "export",
        path.to_str().unwrap(),
        "--database-url",
        &imported.database.url(),
    ];
    let child = spawn(command().args(args));
    wait_until("the export waits", || lock.waiting() == 1);
    assert_eq!(names(folder.path()).len(), 1, "the temporary file exists");

    send("INT", &child);

    let (stdout, stderr, code) = ended(child);
    assert_eq!((stdout.as_str(), code), ("", Some(130)), "{stderr}");
    assert!(
        stderr.contains("error: interrupted; no file was written"),
        "{stderr}"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn closed_pipe_ends_the_export_without_an_error() {
    let (_database, url) = large();
    let args = ["export", "-", "--as", "csv", "--database-url", &url];
    let mut child = spawn(command().args(args).stderr(Stdio::piped()));
    let mut head = [0; 100];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut head)
        .unwrap();

    drop(child.stdout.take());

    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), &*stderr), (Some(0), ""));
}

#[test]
fn saves_during_the_export_are_not_included() {
    let (_database, url) = large();
    let mut child = spawn(command().args(["export", "-", "--database-url", &url]));
    let mut first = [0; 1];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let folder = Folder::new();
    let more = [line("task-9", 9999, "failed"), line("zzz", 0, "failed")];
    let more = folder.file("more.jsonl", text(&more));
    run(["import", more.to_str().unwrap(), "--database-url", &url]).good();

    let (stdout, stderr, code) = ended(child);

    assert_eq!((code, &*stderr), (Some(0), ""));
    assert_eq!(stdout.lines().count(), usize::try_from(LINES).unwrap());
    assert!(!stdout.contains("failed"));
    assert_eq!(
        run(["export", "-", "--database-url", &url])
            .good()
            .stdout
            .lines()
            .count(),
        60_002
    );
}
