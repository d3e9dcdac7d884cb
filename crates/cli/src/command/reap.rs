use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::orchestration::dispatch::{ReapLimit, ReapedAttempt};

use crate::args::{ActorArgs, Global};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, counted_items, tables};

/// Close the executions of all owners whose agent is offline or whose time limit has passed.
///
/// Their tasks become ready again, or end if no attempt is left. A service does this in scheduled
/// maintenance. Any number of processes can do it at the same time.
///
/// JSON: a list of {"attempt", "agent", "end", "state", "skipped"}.
#[derive(Debug, Args)]
#[command(after_help = "Example:  tasktrail reap")]
pub(crate) struct ReapArgs {
    #[command(flatten)]
    actor: ActorArgs,
}

pub(crate) async fn run(
    args: &ReapArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| reap(args, store, output).await).await
}

async fn reap(
    args: &ReapArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let reaped = reap_all(args, manager).await?;
    if output.is_json() {
        return output.json(&reaped);
    }
    if reaped.is_empty() {
        return output.line("nothing to reap");
    }
    let table = tables::reaped_attempts(output.table_style(), &reaped);
    output.table(&table)?;
    output.line(counted_items(
        &reaped,
        "execution closed",
        "executions closed",
    ))
}

async fn reap_all(
    args: &ReapArgs,
    manager: &DatabaseManager,
) -> Result<Vec<ReapedAttempt>, Failure> {
    let orchestrator = args.actor.orchestrator(manager)?;
    let limit = ReapLimit::DEFAULT;
    let mut all = Vec::new();
    loop {
        let reaped = orchestrator.reap(limit).await?;
        let is_last = reaped.len() < usize::from(limit.get().unsigned_abs());
        all.extend(reaped);
        if is_last {
            return Ok(all);
        }
    }
}
