//! Runs the tool.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

/// The binary with nothing of this process's environment but what a program needs to run, and what shifts
/// its clock (`scripts/test-on-dates`).
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

/// Runs the tool to its end.
pub(crate) fn run<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Run {
    ended(command().args(args).stdin(Stdio::null()))
}

/// Runs the tool to its end, with something to read.
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
            // The tool may stop reading at a bad line.
            drop(pipe.write_all(stdin));
        });
        child.wait_with_output().unwrap()
    });
    Run::of(output)
}

/// Runs a prepared command to its end.
pub(crate) fn ended(command: &mut Command) -> Run {
    Run::of(command.output().unwrap())
}

/// What came of a run.
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

    /// The run, which did what it should and had nothing to complain of.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{self:?}");
        self
    }

    /// The run, which did what it should and said on stderr that it created the store, and nothing else.
    #[track_caller]
    pub(crate) fn created_store(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        let said: Vec<_> = self.stderr.lines().collect();
        let begins = |line: &&str| line.starts_with("created the store in the schema ");
        assert!(said.len() == 1 && said.iter().all(begins), "{self:?}");
        self
    }

    /// The run, which failed with this code and one line on stderr that begins and ends so.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, begins: &str, ends: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with(begins), "{self:?}");
        assert!(self.stderr.trim_end().ends_with(ends), "{self:?}");
        self
    }

    /// The only document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
