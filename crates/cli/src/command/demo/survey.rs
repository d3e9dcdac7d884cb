use serde_json::json;
use tasktrail::task_history::{FinalStatus, TaskStatus, TaskStepResult, TaskStepResultBuilder};
use tasktrail::{DatabaseManager, InvalidValue};
use tasktrail::{TaskKey, UserId};

use super::listing::{FoundFile, Listing};
use super::recorder::Recorder;
use crate::failure::Failure;
use crate::output::grouped;

pub(super) fn task(user: &UserId) -> Result<TaskKey, InvalidValue> {
    TaskKey::new(user.as_str(), "survey")
}

/// Surveys the files of the folder in four steps, and finishes the task.
///
/// Each step except the last one has the status `running`, so that the status of the task is
/// correct at any time, also if this process dies.
pub(super) async fn run(
    manager: &DatabaseManager,
    user: &UserId,
    files: &Listing,
) -> Result<(), Failure> {
    let recorder = Recorder::new(manager, task(user)?);
    recorder.step(0, listed(files)).await?;
    recorder.step(1, measured(files)).await?;
    recorder.step(2, counted(files)).await?;
    recorder.step(3, compared(files)).await?;
    recorder.finish(FinalStatus::Completed).await
}

fn step(name: &str) -> TaskStepResultBuilder {
    TaskStepResult::builder(name, TaskStatus::Running).completed(true)
}

fn listed(files: &Listing) -> TaskStepResultBuilder {
    let count = files.files.len();
    step("list files")
        .message(format!("{count} files in {} folders", files.folders))
        .result(json!({
            "files": count,
            "folders": files.folders,
            "unreadable": files.unreadable,
            "has_more": files.has_more,
        }))
}

fn measured(files: &Listing) -> TaskStepResultBuilder {
    let empty = files.files.iter().filter(|file| file.bytes == 0).count();
    step("measure sizes")
        .message(format!("{} bytes in total", grouped(files.bytes())))
        .result(json!({ "bytes": files.bytes(), "empty_files": empty }))
}

fn counted(files: &Listing) -> TaskStepResultBuilder {
    let (lines, text_files, read_files) = count_lines(&files.to_read());
    let message = format!("{} lines in {text_files} text files", grouped(lines));
    step("count lines").message(message).result(json!({
        "lines": lines,
        "text_files": text_files,
        "read_files": read_files,
        "files_not_read": files.files.len() - read_files,
    }))
}

fn compared(files: &Listing) -> TaskStepResultBuilder {
    let largest = largest(files, 5);
    let rows = largest.iter();
    TaskStepResult::builder("find the largest", TaskStatus::Completed)
        .message(largest.first().map_or("no files", |file| &file.name))
        .result(
            rows.map(|file| json!({ "file": file.name, "bytes": file.bytes }))
                .collect::<Vec<_>>(),
        )
}

/// Returns the largest files, largest first.
pub(super) fn largest(files: &Listing, count: usize) -> Vec<&FoundFile> {
    let mut sorted: Vec<_> = files.files.iter().collect();
    sorted.sort_by_key(|file| std::cmp::Reverse(file.bytes));
    sorted.truncate(count);
    sorted
}

/// Counts lines, text files and readable files. A file with a NUL is not a text file.
fn count_lines(files: &[FoundFile]) -> (u64, usize, usize) {
    let (mut lines, mut text_files, mut read_files) = (0, 0, 0);
    for file in files {
        let (mut in_file, mut is_text) = (0, true);
        let read = file.read(|piece| {
            in_file += piece
                .split(|byte| *byte == b'\n')
                .skip(1)
                .fold(0, |n, _| n + 1);
            is_text = is_text && !piece.contains(&0);
        });
        if read.is_err() {
            continue;
        }
        read_files += 1;
        if is_text {
            text_files += 1;
            lines += in_file;
        }
    }
    (lines, text_files, read_files)
}
