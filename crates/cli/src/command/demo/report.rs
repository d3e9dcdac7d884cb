use std::env;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use serde_json::json;
use tasktrail::task_history::{
    ErrorCode, FinalStatus, TaskStatus, TaskStepResult, TaskStepResultBuilder,
};
use tasktrail::{DatabaseManager, InvalidValue};
use tasktrail::{TaskKey, UserId};

use super::listing::Listing;
use super::recorder::Recorder;
use super::survey::largest;
use crate::failure::Failure;

pub(super) fn task(user: &UserId) -> Result<TaskKey, InvalidValue> {
    TaskKey::new(user.as_str(), "report")
}

/// Writes a report to a temporary folder, in three steps, finishes the task and removes the report.
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
            return recorder.finish(FinalStatus::Failed).await;
        }
    }

    let (checked, status) = checked(&path, &text);
    recorder.step(2, checked).await?;
    recorder.finish(status).await?;
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

/// The last step, and the status that the task ends with.
fn checked(path: &Path, text: &str) -> (TaskStepResultBuilder, FinalStatus) {
    let step = |status: FinalStatus| TaskStepResult::builder("read it back", status.into());
    let failed = |code, message| {
        let step = step(FinalStatus::Failed).error(code, message);
        (step, FinalStatus::Failed)
    };
    match fs::read_to_string(path) {
        Ok(read) if read == text => {
            let step = step(FinalStatus::Completed)
                .message("the content matches")
                .result(json!({ "bytes": read.len() }));
            (step, FinalStatus::Completed)
        }
        Ok(_) => failed(ErrorCode::VALIDATION, "the content differs".to_owned()),
        Err(error) => failed(ErrorCode::EXECUTION, error.to_string()),
    }
}

/// Removes the report and its folder. A failure is only logged, because both are temporary files.
fn remove(path: PathBuf, folder: PathBuf) {
    if let Err(error) = fs::remove_file(path).and_then(|()| fs::remove_dir(folder)) {
        tracing::warn!(%error, "cannot remove the report");
    }
}
