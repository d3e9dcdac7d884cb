use clap::Args;
use tasktrail::orchestration::task::{CancelOutcome, CancelScope, ResumeOutcome};
use tasktrail::{DatabaseManager, Document};

use super::answer::answer;
use super::args::TaskArgs;
use crate::args::ActorArgs;
use crate::failure::Failure;
use crate::output::{Output, cancelled, printable};

/// Cancel a task that has not ended, and skip the tasks that need its success.
///
/// Exits with 1 if the task has ended.
#[derive(Debug, Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Cancel its open parts, too.
    #[arg(long)]
    descendants: bool,

    #[command(flatten)]
    actor: ActorArgs,
}

/// Answer the question of a waiting task, which makes it ready.
///
/// Exits with 1 if the task is not waiting.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// The answers, a JSON object. They are added to `answers` in the context of the task.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    answers: Document,

    #[command(flatten)]
    actor: ActorArgs,
}

pub(super) async fn cancel(
    args: &CancelArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let scope = if args.descendants {
        CancelScope::Descendants
    } else {
        CancelScope::Task
    };
    let orchestrator = args.actor.orchestrator(manager)?;
    let outcome = orchestrator.cancel(&args.task.key(), scope).await?;
    let is_done = matches!(outcome, CancelOutcome::Cancelled { .. });
    let sentence = || cancelled(&args.task.task, &outcome);
    answer(&outcome, sentence, is_done, output)
}

pub(super) async fn resume(
    args: &ResumeArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let orchestrator = args.actor.orchestrator(manager)?;
    let outcome = orchestrator.resume(&args.task.key(), &args.answers).await?;
    let is_done = outcome == ResumeOutcome::Resumed;
    let task = printable(args.task.task.as_str());
    let sentence = || match &outcome {
        ResumeOutcome::Resumed => format!("{task} is ready"),
        ResumeOutcome::NotWaiting { state } => format!("{task} is not waiting: it is {state}"),
        ResumeOutcome::TooLarge => format!("the context of {task} is too large with the answers"),
        ResumeOutcome::Unknown => format!("there is no task {task}"),
    };
    answer(&outcome, sentence, is_done, output)
}
