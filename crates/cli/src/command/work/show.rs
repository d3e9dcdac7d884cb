use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::dispatch::{Execution, ExecutionFilter};
use tasktrail::orchestration::task::Task;
use tasktrail::repository::{PageRequest, PageSize};

use super::args::TaskArgs;
use crate::failure::Failure;
use crate::output::{Output, printable, tables};

/// Show a task, what it depends on, and its attempts.
///
/// JSON: {"task", "executions"}. Exits with 1 if there is no such task.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Maximum number of attempts to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value = "10")]
    limit: PageSize,
}

#[derive(Serialize)]
struct Shown {
    task: Task,
    executions: Vec<Execution>,
}

pub(super) async fn run(
    args: &ShowArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let key = args.task.key();
    let ports = manager.orchestration_ports()?;
    let Some(task) = ports.tasks.get(&key).await? else {
        output.line(format_args!(
            "there is no task {}",
            printable(key.task.as_str())
        ))?;
        return Err(Failure::No);
    };
    let filter = ExecutionFilter::OfTask(key.task.clone());
    let page = PageRequest::first(args.limit);
    let executions = ports
        .dispatch
        .executions(&key.user, &filter, &page)
        .await?
        .items;
    if output.is_json() {
        return output.json(&Shown { task, executions });
    }
    let style = output.table_style();
    output.table(&tables::planned_task(style, &task))?;
    if executions.is_empty() {
        return output.line("no attempts");
    }
    output.table(&tables::executions(style, &executions))
}
