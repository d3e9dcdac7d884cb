//! Runs the tool as a process.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

/// The binary, with an environment reduced to what a program needs to run, and to the variables
/// that shift its clock (`scripts/test-on-dates`).
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tasktrail"));
    command.env_clear();
    for kept in [
        "PATH",
        "TMPDIR",
        "HOME",
        "TZ",
        "LD_PRELOAD",
        "FAKETIME",
        "FAKETIME_DONT_FAKE_MONOTONIC",
    ] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// Runs the tool until it exits.
pub(crate) fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Run {
    ended(command().args(args).stdin(Stdio::null()))
}

/// Runs the tool until it exits, with the given standard input.
pub(crate) fn run_with_stdin<A: AsRef<OsStr>>(
    args: impl IntoIterator<Item = A>,
    stdin: &[u8],
) -> Run {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            // The tool may stop reading at an invalid line.
            drop(pipe.write_all(stdin));
        });
        child.wait_with_output().unwrap()
    });
    Run::of(output)
}

/// Runs a prepared command until it exits.
pub(crate) fn ended(command: &mut Command) -> Run {
    Run::of(command.output().unwrap())
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts success without output on stderr.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self
    }

    /// Asserts success with exactly one line on stderr, which reports that the store was created.
    #[track_caller]
    pub(crate) fn created_store(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        let lines: Vec<_> = self.stderr.lines().collect();
        let begins = |line: &&str| line.starts_with("created the store in schema ");
        assert!(lines.len() == 1 && lines.iter().all(begins), "{self:?}");
        self
    }

    /// Asserts an exit code, and one line on stderr with this start and end.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, begins: &str, ends: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with(begins), "{self:?}");
        assert!(self.stderr.trim_end().ends_with(ends), "{self:?}");
        self
    }

    /// Parses stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
