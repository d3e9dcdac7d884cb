//! Lines and files to import.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A line of a task of alice.
pub(crate) fn line(task: &str, step: u32, status: &str) -> Value {
    let failed = status == "failed";
    json!({
        "user_id": "alice",
        "task_id": task,
        "step": step,
        "recorded_at": format!("2026-01-31T12:00:{:02}Z", step % 60),
        "step_result": {
            "step": format!("step {step}"),
            "result": { "step": step, "task": task },
            "completed": status == "completed",
            "message": "",
            "status": status,
            "error_code": failed.then_some("E003"),
            "error_message": failed.then_some("it failed"),
        },
    })
}

/// Joins lines to the text of a file.
pub(crate) fn text(lines: &[Value]) -> String {
    lines
        .iter()
        .flat_map(|line| [line.to_string(), "\n".to_owned()])
        .collect()
}

/// Lines of different steps of ten tasks, all with the status `completed`.
pub(crate) fn many(count: u32) -> String {
    let lines =
        (0..count).map(|number| line(&format!("task-{}", number % 10), number / 10, "completed"));
    text(&lines.collect::<Vec<_>>())
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder of files for one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}
