//! Memory use with very long lines.

use std::fs;
use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};

use super::files::{line, text};
use super::tool::command;

const MIB: usize = 1 << 20;

fn importing() -> (Child, ChildStdin) {
    let mut child = command()
        .args([
            "import",
            "--in-memory",
            "--skip-invalid",
            "--format",
            "json",
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take().unwrap();
    (child, stdin)
}

/// The peak resident memory of a process, in MiB.
fn peak_mib(child: &Child) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

#[test]
fn line_longer_than_64_mib_is_skipped_without_buffering_it() {
    let (child, mut stdin) = importing();
    let piece = vec![b'x'; MIB];

    for _ in 0..300 {
        stdin.write_all(&piece).unwrap();
    }
    let peak = peak_mib(&child);
    let rest = format!("\n{}", text(&[line("a", 0, "running")]));
    stdin.write_all(rest.as_bytes()).unwrap();
    drop(stdin);
    let ended = child.wait_with_output().unwrap();

    assert!(peak < 150, "{peak} MiB");
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        "invalid line: stdin:1: longer than 64 MiB\n"
    );
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!((&report["lines"], &report["saved"]), (&2.into(), &1.into()));
}
