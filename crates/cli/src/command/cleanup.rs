mod partitions;

use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{ExpiredCounts, RetentionRule, Scope, StatusSet, TaskStatus, UserId};
use tasktrail::{CleanupEstimate, CleanupOptions, CleanupReport, DatabaseManager};

use self::partitions::Outlook;
use crate::args::{Global, status_parser};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped, printable};

/// Remove tasks without recent activity, with their whole histories.
///
/// Whole tasks only: a task with recent activity keeps its early steps. Tasks that are still pending or
/// running stay, however old, and are told apart: what was to work on them may have died.
///
/// It is done in small transactions while saves go on; where the entries are partitioned and the role
/// owns them, partitions go as a whole whose tasks have expired. A run that was interrupted or whose time
/// was up is finished by the next one, and two at once do not collide. For cron: it exits with 0 also
/// when its time was up.
///
/// Conditions are combined: a task goes if it meets all of them. The bytes are by the average row; the
/// room is for new rows then, a dropped partition gives it back to the system. Where the entries are
/// partitioned it says why a partition is kept, and from when on it can be dropped.
///
/// With --time-budget nothing is estimated beforehand, since that takes time as well: no bytes, and no tasks
/// that are left pending or running. --dry-run reports both.
///
/// In JSON `{"tasks", "entries", "bytes", "partitions", "obstacles", "complete", "stuck": {"tasks",
/// "entries"}, "dry_run", "kept_partitions": [{"partition", "until", "reason", "droppable_from"}]}`;
/// "bytes" and "stuck" are null with --time-budget. A reason is `narrow_policy`, `not_owner` (with "owner"),
/// `ends_after_cutoff`, `no_end`, or `retained_tasks` (with "retained" of "counted" entries); none in a dry
/// run means that the partition would be dropped.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail cleanup --days 90 --dry-run
  tasktrail cleanup --days 30 --status completed --status cancelled --time-budget 30m
  tasktrail cleanup --days 0 --keep 1000
  tasktrail cleanup --days 365 --user alice --include-stuck
  30 3 * * * tasktrail cleanup --days 90 --time-budget 2h --format json >>cleanup.log")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct CleanupArgs {
    /// Remove tasks without activity in the last N days, of 24 hours; 0 removes them at any age.
    #[arg(long, value_name = "N")]
    days: u32,

    /// Remove nothing: tell how much would go.
    #[arg(long)]
    dry_run: bool,

    /// Only tasks of this user. Default: of anybody.
    #[arg(long)]
    user: Option<UserId>,

    /// Only tasks of this status; may be given several times. Default: all but pending and running.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

    /// Also tasks that are still pending or running.
    #[arg(long, conflicts_with = "statuses")]
    stuck: bool,

    /// Only tasks that were finished, such as by `cancel`, not those whose last step is merely done; with
    /// --include-stuck as well, for who is pending or running has not been finished.
    #[arg(long)]
    finished_only: bool,

    /// Of each user's tasks leave the N newest, whatever else is said.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    keep: u64,

    /// Do not rest between two batches. Otherwise it rests for as long as a batch took, for the sake of
    /// those who save meanwhile.
    #[arg(long)]
    no_throttle: bool,

    /// Begin no batch after this time: 90s, 30m, 2h. Nothing is estimated beforehand then. Default: go on to
    /// the end.
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
    /// `None` if nothing was estimated.
    stuck: Option<Stuck>,
    dry_run: bool,
    kept_partitions: Vec<Outlook>,
}

#[derive(Serialize)]
struct Stuck {
    tasks: u64,
    entries: u64,
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
    // A limit on the time is for all of it.
    let estimate = match args.time_budget {
        None => Some(manager.estimate_cleanup(&policy).await?),
        Some(_) => None,
    };
    let gone = if args.dry_run {
        CleanupReport::default()
    } else {
        let options = CleanupOptions {
            time_budget: args.time_budget,
            throttle: !args.no_throttle,
            ..CleanupOptions::default()
        };
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
            [] if self.stuck => StatusSet::ALL,
            [] => rule.statuses,
            given => StatusSet::only(given.iter().copied()),
        };
        RetentionRule {
            statuses,
            finished_only: self.finished_only,
            scope: self.user.clone().map_or(Scope::Everyone, Scope::User),
            keep_newest: self.keep,
            ..rule
        }
    }

    fn answer(
        &self,
        estimate: Option<CleanupEstimate>,
        gone: CleanupReport,
        kept_partitions: Vec<Outlook>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let removed = ExpiredCounts {
            tasks: gone.tasks,
            entries: gone.entries,
        };
        let ExpiredCounts { tasks, entries } = match &estimate {
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
            stuck: estimate.map(|estimate| Stuck {
                tasks: estimate.stuck.tasks,
                entries: estimate.stuck.entries,
            }),
            dry_run: self.dry_run,
            kept_partitions,
        };
        if output.is_json() {
            return output.json(&answer);
        }
        answer.print(self, output)
    }

    /// Whether `--include-stuck` can be added, and would remove what is left alone.
    fn stuck_would_help(&self) -> bool {
        self.statuses.is_empty() && !self.finished_only
    }
}

impl Answer {
    fn print(&self, args: &CleanupArgs, output: &mut Output) -> Result<(), Failure> {
        let (tasks, entries) = (grouped(self.tasks), grouped(self.entries));
        let verb = if self.dry_run {
            "would remove"
        } else {
            "removed"
        };
        let bytes = match self.bytes {
            Some(bytes) if bytes > 0 => format!(", about {}", HumanBytes(bytes)),
            _ => String::new(),
        };
        output.line(format_args!(
            "{verb} {tasks} tasks with {entries} entries{bytes}"
        ))?;
        for partition in &self.partitions {
            output.line(format_args!("dropped {partition}"))?;
        }
        for failure in &self.drop_failures {
            output.line(format_args!("row by row: {}", printable(failure)))?;
        }
        if !self.complete {
            output
                .line("the time was up before all tasks were looked at: run it again to go on")?;
        }
        for partition in &self.kept_partitions {
            output.line(format_args!("{partition}"))?;
        }
        let Some(stuck) = &self.stuck else {
            return output.line(
                "nothing was estimated, for the sake of --time-budget: --dry-run reports the bytes, and the tasks \
                 left pending or running",
            );
        };
        if stuck.tasks > 0 {
            let (tasks, entries) = (grouped(stuck.tasks), grouped(stuck.entries));
            let days = args.days;
            let hint = if args.stuck_would_help() {
                " (--include-stuck removes them as well)"
            } else {
                ""
            };
            output.line(format_args!(
                "left alone: {tasks} tasks with {entries} entries, pending or running without activity \
                 for {days} days or more{hint}"
            ))?;
        }
        Ok(())
    }
}

/// What so many of all entries take of the bytes of all.
fn share(bytes: u64, entries: u64, all: u64) -> u64 {
    if entries >= all {
        return bytes;
    }
    let share = u128::from(bytes) * u128::from(entries) / u128::from(all);
    u64::try_from(share).unwrap_or(bytes)
}

/// A bar on a terminal, else nothing.
fn progress(tasks: Option<u64>) -> ProgressBar {
    let template = match tasks {
        Some(_) => "removing tasks {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left",
        None => "removing tasks: {human_pos}, {per_sec}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(tasks, ProgressDrawTarget::stderr()).with_style(style)
}
