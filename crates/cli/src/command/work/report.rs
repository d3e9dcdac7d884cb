use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::orchestration::Payload;
use tasktrail::orchestration::dispatch::{
    AttemptResult, CpuTime, MemoryUsage, Report, ReportOutcome, ReportedError, Usage,
};
use tasktrail::orchestration::task::Description;
use tasktrail::task_history::ErrorCode;
use tasktrail::{DatabaseManager, JsonText};

use super::answer::answer;
use super::args::AttemptArgs;
use crate::args::read_document;
use crate::failure::Failure;
use crate::output::{Output, reported};

/// Close an attempt with its result.
///
/// A failed task is ready again after the time of --retry-in if an attempt is left, and ends without
/// it. Exits with 1 if the attempt was closed before; the report is kept in the audit log.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("result").required(true))]
pub(super) struct ReportArgs {
    #[command(flatten)]
    attempt: AttemptArgs,

    /// The attempt succeeded, and the task is completed.
    #[arg(long, group = "result")]
    completed: bool,

    /// The attempt failed with this error code, such as E003.
    #[arg(long, value_name = "CODE", group = "result")]
    failed: Option<ErrorCode>,

    /// The agent gives the task back.
    #[arg(long, group = "result")]
    released: bool,

    /// The agent needs an answer, see `work resume`.
    #[arg(long, group = "result")]
    waiting: bool,

    /// Message of the error.
    #[arg(long, value_name = "TEXT", requires = "failed", default_value = "")]
    message: Description,

    /// When a failed or released task is ready again: 30s, 5m. Without it a failed task ends, and a
    /// released one is ready at once.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(conflicts_with_all = ["completed", "waiting"])]
    retry_in: Option<Duration>,

    /// File with the output of the attempt, or the question, as JSON; - for standard input.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Peak of the memory, in mebibytes.
    #[arg(long, value_name = "MIB")]
    memory: Option<MemoryUsage>,

    /// CPU time, in milliseconds.
    #[arg(long, value_name = "MS")]
    cpu_time: Option<CpuTime>,
}

pub(super) async fn run(
    args: &ReportArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let report = report(args)?;
    let orchestrator = args.attempt.actor.orchestrator(manager)?;
    let dispatch = &orchestrator.ports().dispatch;
    let outcome = dispatch.report(&orchestrator.context(), &report).await?;
    let is_done = matches!(outcome, ReportOutcome::Recorded { .. });
    let sentence = || reported(&report.attempt, &outcome);
    answer(&outcome, sentence, is_done, output)
}

fn report(args: &ReportArgs) -> Result<Report, Failure> {
    let now = SystemClock.now();
    let after = |wait| now.saturating_add(wait);
    let result = if args.completed {
        AttemptResult::Completed
    } else if let Some(code) = &args.failed {
        AttemptResult::Failed {
            error: ReportedError::new(code.clone(), args.message.clone()),
            retry_at: args.retry_in.map(after),
        }
    } else if args.released {
        AttemptResult::Released {
            due_at: after(args.retry_in.unwrap_or_default()),
        }
    } else {
        AttemptResult::Waiting
    };
    let output = match &args.output {
        None => None,
        Some(path) => Some(Payload::try_from(read_document::<JsonText>(path)?)?),
    };
    let usage = Usage {
        memory: args.memory,
        cpu_time: args.cpu_time,
    };
    Ok(Report::new(args.attempt.key(), result)
        .with_output(output)
        .with_usage(usage))
}
