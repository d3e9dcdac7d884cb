use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::task_history::{TaskHistoryRepository, TaskStatus};
use tasktrail::timestamp::Timestamp;

use crate::args::{Global, TaskArgs};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, task_status};

/// Print the status of a task.
///
/// Prints `pending`, `running`, `completed`, `cancelled`, `timed_out` or `failed`. If the last step
/// has one of the last four statuses, but the task was not finished, the status is followed by
/// `(open)`: another step may follow. For a task that is not recorded, prints `unknown` and exits
/// with 1.
///
/// JSON: `{"user_id", "task_id", "status", "finished_at"}`; `status` is null for an unknown task,
/// `finished_at` for an open one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail status alice report-7
  until [ \"$(tasktrail status alice report-7)\" = completed ]; do sleep 5; done")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    task: TaskArgs,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    task: TaskKey,
    status: Option<TaskStatus>,
    finished_at: Option<Timestamp>,
}

pub(crate) async fn run(
    args: StatusArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| {
        print_status(args, store, output).await
    })
    .await
}

async fn print_status(
    args: StatusArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let task = args.task.key();
    let summary = manager.task_history()?.summary(&task).await?;
    if output.is_json() {
        output.json(&Answer {
            task,
            status: summary.as_ref().map(|summary| summary.status),
            finished_at: summary.as_ref().and_then(|summary| summary.finished_at),
        })?;
    } else {
        let status = summary.as_ref();
        let shown = status.map(|task| task_status(task.status, task.is_finished()));
        output.line(shown.as_deref().unwrap_or("unknown"))?;
    }
    summary.map(drop).ok_or(Failure::No)
}
