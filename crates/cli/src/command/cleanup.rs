mod partitions;

use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tasktrail::UserId;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{ExpiredCounts, RetentionRule, Scope, StatusSet, TaskStatus};
use tasktrail::{CleanupEstimate, CleanupOptions, CleanupReport, DatabaseManager};

use self::partitions::Outlook;
use crate::args::{Global, status_parser};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, counted, printable};

/// Remove finished tasks without recent activity, with their whole histories.
///
/// A task is removed with its whole history or not at all: a task with recent activity keeps its
/// early steps. Open tasks are kept at any age, because their workers may have died. They are
/// counted separately: pending and running ones as stuck, those whose last step is `completed` or
/// `failed`, for example, but that were never finished, as unfinished. If you combine conditions, a
/// task must meet all of them.
///
/// The cleanup runs in small transactions while services keep saving. If the entries are
/// partitioned and the role owns them, expired partitions are dropped whole. Two cleanups can run
/// at the same time. After an interruption, or when the time budget is used up, run the command
/// again to continue. It exits with 0 when the time budget is used up, so you can run it from cron.
///
/// Sizes are estimated from the average row. Removing rows frees space for new rows; dropping a
/// partition returns the space to the operating system. For each partition that is kept, the output
/// shows the reason, and when it can be dropped.
///
/// With --time-budget nothing is estimated, because that takes time too: no sizes and no open tasks
/// are reported. Use --dry-run to see both.
///
/// JSON: `{"tasks", "entries", "bytes", "partitions", "drop_failures", "complete", "stuck":
/// {"tasks", "entries"}, "unfinished": {"tasks", "entries"}, "dry_run", "kept_partitions":
/// [{"partition", "until", "reason", "droppable_from"}]}`. `bytes`, `stuck` and `unfinished` are
/// null with --time-budget. `reason` is `narrow_policy`, `not_owner` (with `owner`), `ends_after_cutoff`, `no_end`, or `retained_tasks`
/// (with `retained` and `counted` entries). In a dry run, an entry without a reason is a partition
/// that would be dropped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail cleanup --days 90 --dry-run
  tasktrail cleanup --days 30 --status completed --status cancelled --time-budget 30m
  tasktrail cleanup --days 0 --keep 1000
  tasktrail cleanup --days 365 --user alice --include-stuck --include-unfinished
  30 3 * * * tasktrail cleanup --days 90 --time-budget 2h --format json >>cleanup.log")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct CleanupArgs {
    /// Remove tasks without activity in the last N days (of 24 hours); 0 removes tasks of any age.
    #[arg(long, value_name = "N")]
    days: u32,

    /// Change nothing: report what would be removed.
    #[arg(long)]
    dry_run: bool,

    /// Only tasks of this user. Default: tasks of all users.
    #[arg(long)]
    user: Option<UserId>,

    /// Only tasks with this status; can be repeated. Default: all except pending and running.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

    /// Also remove tasks that are pending or running.
    #[arg(long, conflicts_with = "statuses")]
    include_stuck: bool,

    /// Also remove tasks whose last step is completed, cancelled, timed out or failed, but that were
    /// never finished. Use it if your services do not finish their tasks.
    #[arg(long)]
    include_unfinished: bool,

    /// Always keep the N newest tasks of each user.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep: u64,

    /// Do not pause between batches. By default, each pause is as long as the batch took, to leave
    /// capacity for services.
    #[arg(long)]
    no_throttle: bool,

    /// Start no batch after this time: 90s, 30m, 2h. Turns off the estimates. Default: no limit.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration,
          conflicts_with = "dry_run")]
    time_budget: Option<Duration>,
}

#[derive(Serialize)]
struct Answer {
    tasks: u64,
    entries: u64,
    bytes: Option<u64>,
    partitions: Vec<String>,
    drop_failures: Vec<String>,
    complete: bool,
    /// `None` without an estimate.
    stuck: Option<Kept>,
    unfinished: Option<Kept>,
    dry_run: bool,
    kept_partitions: Vec<Outlook>,
}

/// Open tasks that are kept.
#[derive(Serialize)]
struct Kept {
    tasks: u64,
    entries: u64,
}

impl From<ExpiredCounts> for Kept {
    fn from(counts: ExpiredCounts) -> Self {
        let ExpiredCounts { tasks, entries, .. } = counts;
        Self { tasks, entries }
    }
}

pub(crate) async fn run(
    args: CleanupArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| clean_up(args, store, output).await).await
}

async fn clean_up(
    args: CleanupArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let policy = args.rule().at(SystemClock.now());
    // The time budget covers the whole command, and an estimate has no limit of its own.
    let estimate = match args.time_budget {
        None => Some(manager.estimate_cleanup(&policy).await?),
        Some(_) => None,
    };
    let gone = if args.dry_run {
        CleanupReport::default()
    } else {
        let options = CleanupOptions::default()
            .with_time_budget(args.time_budget)
            .with_throttle(!args.no_throttle);
        let bar = progress(estimate.map(|estimate| estimate.expired.tasks));
        let gone = manager
            .clean_up(&policy, &options, |gone| bar.set_position(gone.tasks))
            .await;
        bar.finish_and_clear();
        gone?
    };
    let kept = if args.dry_run || gone.complete {
        partitions::outlook(manager, &policy, args.dry_run).await?
    } else {
        Vec::new()
    };
    args.answer(estimate, gone, kept, output)
}

impl CleanupArgs {
    fn rule(&self) -> RetentionRule {
        let age = Duration::from_secs(u64::from(self.days) * 24 * 60 * 60);
        let rule = RetentionRule::older_than(age);
        let statuses = match self.statuses.as_slice() {
            [] if self.include_stuck => StatusSet::ALL,
            [] => rule.statuses,
            given => StatusSet::only(given.iter().copied()),
        };
        rule.with_statuses(statuses)
            .with_keep_unfinished(!self.include_unfinished)
            .with_scope(self.user.clone().map_or(Scope::Everyone, Scope::User))
            .with_keep_newest(self.keep)
    }

    fn answer(
        &self,
        estimate: Option<CleanupEstimate>,
        gone: CleanupReport,
        kept_partitions: Vec<Outlook>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let removed = ExpiredCounts::new(gone.tasks, gone.entries);
        let ExpiredCounts { tasks, entries, .. } = match &estimate {
            Some(estimate) if self.dry_run => estimate.expired,
            _ => removed,
        };
        let answer = Answer {
            tasks,
            entries,
            bytes: estimate.and_then(|estimate| {
                let all = estimate.expired.entries;
                estimate.bytes.map(|bytes| share(bytes, entries, all))
            }),
            partitions: gone.partitions,
            drop_failures: gone.drop_failures,
            complete: self.dry_run || gone.complete,
            stuck: estimate.map(|estimate| estimate.stuck.into()),
            unfinished: estimate.map(|estimate| estimate.unfinished.into()),
            dry_run: self.dry_run,
            kept_partitions,
        };
        if output.is_json() {
            return output.json(&answer);
        }
        answer.print(self, output)
    }
}

impl Answer {
    fn print(&self, args: &CleanupArgs, output: &mut Output) -> Result<(), Failure> {
        let tasks = tasks_with_entries(self.tasks, self.entries);
        let verb = if self.dry_run {
            "would remove"
        } else {
            "removed"
        };
        let bytes = match self.bytes {
            Some(bytes) if bytes > 0 => format!(", about {}", HumanBytes(bytes)),
            _ => String::new(),
        };
        output.line(format_args!("{verb} {tasks}{bytes}"))?;
        for partition in &self.partitions {
            output.line(format_args!("dropped {partition}"))?;
        }
        for failure in &self.drop_failures {
            output.line(format_args!("removed row by row: {}", printable(failure)))?;
        }
        if !self.complete {
            output.line(
                "the time budget is used up and tasks remain: run the command again to continue",
            )?;
        }
        for partition in &self.kept_partitions {
            output.line(format_args!("{partition}"))?;
        }
        let (Some(stuck), Some(unfinished)) = (&self.stuck, &self.unfinished) else {
            return output.line(
                "no estimate with --time-budget: use --dry-run to see the size and the open tasks",
            );
        };
        let days = counted(args.days.into(), "day", "days");
        if stuck.tasks > 0 {
            let tasks = tasks_with_entries(stuck.tasks, stuck.entries);
            // The option cannot be combined with --status.
            let hint = if args.statuses.is_empty() {
                " (--include-stuck also removes them)"
            } else {
                ""
            };
            output.line(format_args!(
                "kept as stuck: {tasks}, pending or running without activity for {days} or more{hint}"
            ))?;
        }
        if unfinished.tasks > 0 {
            let tasks = tasks_with_entries(unfinished.tasks, unfinished.entries);
            output.line(format_args!(
                "kept as unfinished: {tasks}, never finished and without activity for {days} or more \
                 (--include-unfinished also removes them)"
            ))?;
        }
        Ok(())
    }
}

/// The share of `bytes` that belongs to `entries` out of `all` entries.
fn share(bytes: u64, entries: u64, all: u64) -> u64 {
    if entries >= all {
        return bytes;
    }
    let share = u128::from(bytes) * u128::from(entries) / u128::from(all);
    u64::try_from(share).unwrap_or(bytes)
}

/// A progress bar, visible only on a terminal.
fn progress(tasks: Option<u64>) -> ProgressBar {
    let template = match tasks {
        Some(_) => "removing tasks {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left",
        None => "removing tasks: {human_pos}, {per_sec}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(tasks, ProgressDrawTarget::stderr()).with_style(style)
}

fn tasks_with_entries(tasks: u64, entries: u64) -> String {
    let (tasks, entries) = (
        counted(tasks, "task", "tasks"),
        counted(entries, "entry", "entries"),
    );
    format!("{tasks} with {entries}")
}
