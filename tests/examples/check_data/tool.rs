//! The tool under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::interval;

/// Interval at which the peak memory of the tool is read.
const LOOK: Duration = Duration::from_millis(5);

/// The tool, and the database that it uses.
pub(crate) struct Tool {
    pub(crate) binary: PathBuf,
    pub(crate) database_url: String,
}

impl Tool {
    pub(crate) fn is_release(&self) -> bool {
        self.binary
            .components()
            .any(|part| part.as_os_str() == "release")
    }

    /// Runs the tool, and returns its JSON output.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        answer(&self.command().args(args).output().unwrap())
    }

    /// Imports or exports a file. Returns the report, and the peak memory if the system shows it.
    pub(crate) async fn watched(&self, verb: &str, file: &Path) -> (Value, Option<u64>) {
        let mut child = self.command().arg(verb).arg(file).spawn().unwrap();
        let mut looks = interval(LOOK);
        let mut peak_kib = None;
        // The peak never decreases, so the last value read before the exit is nearly exact.
        while child.try_wait().unwrap().is_none() {
            peak_kib = peak(child.id()).max(peak_kib);
            looks.tick().await;
        }
        (answer(&child.wait_with_output().unwrap()), peak_kib)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["--format", "json", "--database-url", &self.database_url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }
}

fn answer(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the peak memory of a process so far, in KiB.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
