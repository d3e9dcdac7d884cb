use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{CancelOutcome, TaskHistoryRepositoryExt};

use crate::args::{Global, TaskArgs};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, printable};

/// Cancel a task.
///
/// Prints the previous status of the task. If the task is already finished, nothing changes, and
/// the final status is printed. A task whose last step is completed is not finished, so you can
/// cancel it. You can also cancel a task before its first save.
///
/// Saved steps are kept. The worker learns that the task is cancelled from the result of its next
/// save.
///
/// JSON: `{"user_id", "task_id", "cancelled", "previous", "status"}`. `cancelled` is true if this
/// call cancelled the task, `previous` is the status before (null if the task was unknown), and
/// `status` is the current status.
#[derive(Debug, Args)]
#[command(after_help = "Example:  tasktrail cancel alice report-7")]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    task: TaskArgs,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    task: TaskKey,
    #[serde(flatten)]
    outcome: CancelOutcome,
}

pub(crate) async fn run(
    args: CancelArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| cancel(args, store, output).await).await
}

async fn cancel(
    args: CancelArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let task = args.task.key();
    let outcome = manager
        .task_history()?
        .cancel(&task, SystemClock.now())
        .await?;
    if !output.is_json() {
        return output.line(sentence(&task, outcome));
    }
    output.json(&Answer { task, outcome })
}

fn sentence(task: &TaskKey, outcome: CancelOutcome) -> String {
    let task = printable(&task.to_string());
    match outcome {
        CancelOutcome::Cancelled {
            previous: Some(previous),
        } => format!("{task} is cancelled; it was {previous}"),
        CancelOutcome::Cancelled { previous: None } => {
            format!("{task} is cancelled; it had no saved steps")
        }
        CancelOutcome::AlreadyFinished { status } => {
            format!("{task} was already finished: {status}")
        }
    }
}
