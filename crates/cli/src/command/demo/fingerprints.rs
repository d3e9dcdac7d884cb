use serde_json::json;
use sha2::{Digest, Sha256};
use tasktrail::task_history::{CancelOutcome, TaskStatus, TaskStepResult};
use tasktrail::{DatabaseManager, InvalidValue};
use tasktrail::{TaskKey, UserId};

use super::listing::{FoundFile, Listing};
use super::recorder::Recorder;
use crate::failure::Failure;

/// The results of the calls of the worker, and of the call that cancelled its task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers {
    /// The status that the first save returned.
    pub(super) first_save: TaskStatus,
    /// The outcome of the cancel.
    pub(super) cancel: CancelOutcome,
    /// The status that the save after the cancel returned.
    pub(super) late_save: TaskStatus,
    /// The final status of the task.
    pub(super) status: Option<TaskStatus>,
}

pub(super) fn task(user: &UserId) -> Result<TaskKey, InvalidValue> {
    TaskKey::new(user.as_str(), "fingerprints")
}

/// Hashes the files in two halves. The task is cancelled while the worker hashes the second half.
pub(super) async fn run(
    manager: &DatabaseManager,
    user: &UserId,
    files: &Listing,
) -> Result<Answers, Failure> {
    let task = task(user)?;
    let recorder = Recorder::new(manager, task.clone());
    let mut first = files.to_read();
    let second = first.split_off(first.len() / 2);

    let hashed = hash(first).await?;
    let step = TaskStepResult::builder("hash one half", TaskStatus::Running)
        .completed(true)
        .message(format!("{} files", hashed.files))
        .result(json!({ "sha256": hashed.digest }));
    let first_save = recorder.step(0, step).await?;

    // The worker continues to hash on a blocking thread. The caller that cancels needs only the key
    // of the task. The worker learns of it from its next save.
    let (hashed, cancel) = tokio::join!(hash(second), manager.mark_task_as_cancelled(&task));
    let (hashed, cancel) = (hashed?, cancel?);
    let step = TaskStepResult::builder("hash the other half", TaskStatus::Completed)
        .message(format!("{} files", hashed.files))
        .result(json!({ "sha256": hashed.digest }));
    let late_save = recorder.step(1, step).await?;

    Ok(Answers {
        first_save,
        cancel,
        late_save,
        status: manager.check_task_status(&task).await?,
    })
}

struct Hashed {
    files: usize,
    digest: String,
}

/// Computes one digest of the contents of all readable files.
async fn hash(files: Vec<FoundFile>) -> Result<Hashed, Failure> {
    let hashing = tokio::task::spawn_blocking(move || {
        let mut digest = Sha256::new();
        let read = files
            .iter()
            .filter(|file| file.read(|piece| digest.update(piece)).is_ok())
            .count();
        let bytes = digest.finalize();
        Hashed {
            files: read,
            digest: bytes
                .iter()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
        }
    });
    Ok(hashing.await?)
}
