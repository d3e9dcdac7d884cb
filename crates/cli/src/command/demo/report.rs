use std::env;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use serde_json::json;
use tasktrail::task_history::{ErrorCode, TaskStatus, TaskStepResult, TaskStepResultBuilder};
use tasktrail::{DatabaseManager, InvalidValue};
use tasktrail::{TaskKey, UserId};

use super::listing::Listing;
use super::recorder::Recorder;
use super::survey::largest;
use crate::failure::Failure;

pub(super) fn task(user: &UserId) -> Result<TaskKey, InvalidValue> {
    TaskKey::new(user.as_str(), "report")
}

/// Writes a report to a temporary folder, in three steps, and removes it.
///
/// The folder does not exist at first, so the first attempt fails with a real error. The second
/// attempt creates the folder.
pub(super) async fn run(
    manager: &DatabaseManager,
    user: &UserId,
    files: &Listing,
) -> Result<(), Failure> {
    let recorder = Recorder::new(manager, task(user)?);
    let folder = env::temp_dir().join(format!("tasktrail-demo-{}-{user}", process::id()));
    let path = folder.join("report.md");

    let text = text(files);
    let composed = TaskStepResult::builder("compose the report", TaskStatus::Running)
        .completed(true)
        .message(format!("{} lines", text.lines().count()))
        .result(json!({ "text": text }));
    recorder.step(0, composed).await?;

    let first = fs::write(&path, &text);
    let is_written = first.is_ok();
    recorder
        .step(1, written(&path, &text, first, ErrorCode::EXECUTION))
        .await?;
    if !is_written {
        let second = fs::create_dir(&folder).and_then(|()| fs::write(&path, &text));
        let failed_again = second.is_err();
        recorder
            .step(
                1,
                written(&path, &text, second, ErrorCode::RETRIES_EXHAUSTED),
            )
            .await?;
        if failed_again {
            return Ok(());
        }
    }

    recorder.step(2, checked(&path, &text)).await?;
    remove(path, folder);
    Ok(())
}

fn text(files: &Listing) -> String {
    let mut text = format!("# {} files, {} bytes\n\n", files.files.len(), files.bytes());
    for file in largest(files, 20) {
        // Writing to a string does not fail.
        let _infallible = writeln!(text, "- {}: {} bytes", file.name, file.bytes);
    }
    text
}

fn written(
    path: &Path,
    text: &str,
    outcome: io::Result<()>,
    code: ErrorCode,
) -> TaskStepResultBuilder {
    const STEP: &str = "write the report";
    match outcome {
        Ok(()) => TaskStepResult::builder(STEP, TaskStatus::Running)
            .completed(true)
            .message("written")
            .result(json!({ "path": path.display().to_string(), "bytes": text.len() })),
        Err(error) => TaskStepResult::builder(STEP, TaskStatus::Failed)
            .message("not written")
            .error(code, error.to_string()),
    }
}

fn checked(path: &Path, text: &str) -> TaskStepResultBuilder {
    const STEP: &str = "read it back";
    match fs::read_to_string(path) {
        Ok(read) if read == text => TaskStepResult::builder(STEP, TaskStatus::Completed)
            .message("the content matches")
            .result(json!({ "bytes": read.len() })),
        Ok(_) => TaskStepResult::builder(STEP, TaskStatus::Failed)
            .error(ErrorCode::VALIDATION, "the content differs"),
        Err(error) => TaskStepResult::builder(STEP, TaskStatus::Failed)
            .error(ErrorCode::EXECUTION, error.to_string()),
    }
}

/// Removes the report and its folder. A failure is only logged, because both are temporary files.
fn remove(path: PathBuf, folder: PathBuf) {
    if let Err(error) = fs::remove_file(path).and_then(|()| fs::remove_dir(folder)) {
        tracing::warn!(%error, "cannot remove the report");
    }
}
