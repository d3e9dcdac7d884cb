use clap::Args;
use serde::Serialize;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::orchestration::task::{TaskCursor, TaskFilter, TaskOverview};
use tasktrail::orchestration::{TaskState, TaskStateSet};
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseManager, TaskId};

use crate::args::{OwnerArgs, time};
use crate::failure::Failure;
use crate::output::{Output, tables};

/// List tasks, newest first.
///
/// JSON: {"tasks": […], "next": …}; pass `next` to --after. It is null on the last page.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    owner: OwnerArgs,

    /// Only tasks in this state; can be repeated: blocked, ready, assigned, running, waiting,
    /// completed, failed, cancelled, `timed_out` or skipped.
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<TaskState>,

    /// Only tasks that have not ended.
    #[arg(long, conflicts_with = "states")]
    open: bool,

    /// Only the parts of this task.
    #[arg(long, value_name = "TASK")]
    parent: Option<TaskId>,

    /// Only tasks that were created at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, today,
    /// yesterday, or how long ago: 24h, 7d. Days begin at midnight UTC.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,

    /// Only tasks that were created before this time, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,

    /// Maximum number of tasks to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: PageSize,

    /// Print the tasks after this cursor, which the previous page printed.
    #[arg(long, value_name = "CURSOR")]
    after: Option<TaskCursor>,
}

/// Count the tasks by state.
#[derive(Debug, Args)]
pub(super) struct CountsArgs {
    #[command(flatten)]
    owner: OwnerArgs,
}

/// Count the ready tasks by required capabilities, and show how long they wait.
#[derive(Debug, Args)]
pub(super) struct LoadArgs {
    #[command(flatten)]
    owner: OwnerArgs,
}

#[derive(Serialize)]
struct Listed {
    tasks: Vec<TaskOverview>,
    next: Option<TaskCursor>,
}

pub(super) async fn list(
    args: &ListArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let states = match (args.open, args.states.as_slice()) {
        (true, _) => TaskStateSet::open(),
        (false, []) => TaskStateSet::ALL,
        (false, states) => TaskStateSet::only(states.iter().copied()),
    };
    let filter = TaskFilter::default()
        .with_states(states)
        .with_parent(args.parent.clone())
        .with_created(args.since, args.until);
    let page = PageRequest {
        size: args.limit,
        after: args.after.clone(),
    };
    let ports = manager.orchestration_ports()?;
    let listed = ports.tasks.list(&args.owner.owner, &filter, &page).await?;
    let (tasks, next) = (listed.items, listed.next);
    if output.is_json() {
        return output.json(&Listed { tasks, next });
    }
    if tasks.is_empty() {
        return output.line("no tasks");
    }
    output.table(&tables::task_overviews(output.table_style(), &tasks))?;
    match next {
        None => Ok(()),
        Some(next) => output.line(format_args!(
            "more tasks: repeat the command with --after {next}"
        )),
    }
}

pub(super) async fn counts(
    args: &CountsArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let ports = manager.orchestration_ports()?;
    let counts = ports.tasks.counts(&args.owner.owner).await?;
    if output.is_json() {
        return output.json(&counts);
    }
    if counts.is_empty() {
        return output.line("no tasks");
    }
    output.table(&tables::task_counts(output.table_style(), &counts))
}

pub(super) async fn load(
    args: &LoadArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let now = SystemClock.now();
    let ports = manager.orchestration_ports()?;
    let load = ports.dispatch.load(&args.owner.owner, now).await?;
    if output.is_json() {
        return output.json(&load);
    }
    if load.queues.is_empty() {
        return output.line("no ready tasks");
    }
    output.table(&tables::queue_load(output.table_style(), &load))
}
