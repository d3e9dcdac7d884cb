use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{CancelOutcome, TaskHistoryRepositoryExt, TaskStatus};
use tasktrail::{TaskId, TaskKey, UserId};

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
    user_id: UserId,
    task_id: TaskId,
    cancelled: bool,
    previous: Option<TaskStatus>,
    status: TaskStatus,
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
    let (cancelled, previous, status) = match outcome {
        CancelOutcome::Cancelled { previous } => (true, previous, TaskStatus::Cancelled),
        CancelOutcome::AlreadyFinished { status } => (false, Some(status.into()), status.into()),
    };
    output.json(&Answer {
        user_id: task.user,
        task_id: task.task,
        cancelled,
        previous,
        status,
    })
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
