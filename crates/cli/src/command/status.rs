use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::task_history::TaskStatus;

use crate::args::{Global, TaskArgs};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Print the status of a task.
///
/// Prints `pending`, `running`, `completed`, `cancelled`, `timed_out` or `failed`. For a task that
/// is not recorded, prints `unknown` and exits with 1. JSON: `{"user_id", "task_id", "status"}`;
/// `status` is null for an unknown task.
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
    let status = manager.task_history()?.status(&task).await?;
    if output.is_json() {
        output.json(&Answer { task, status })?;
    } else {
        output.line(status.map_or("unknown", TaskStatus::as_str))?;
    }
    status.map(drop).ok_or(Failure::No)
}
