mod answer;
mod configured;
mod partitions;
mod removal;

use std::time::Duration;

use clap::Args;
use tasktrail::task_history::{RetentionRule, Scope, StatusSet, TaskStatus};
use tasktrail::{DatabaseManager, UserId};

use self::answer::Advice;
use self::removal::Removal;
use crate::args::{Global, status_parser};
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

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
/// With --configured, the rules of the configuration are applied, one after the other: the settings
/// `retention.…` in `docs/CONFIGURATION.md`. The settings `retention.schedule` and
/// `retention.time_budget` apply only to the maintenance of a service.
///
/// With --time-budget nothing is estimated, because that takes time too: no sizes and no open tasks
/// are reported. Use --dry-run to see both.
///
/// JSON: `{"tasks", "entries", "bytes", "partitions", "drop_failures", "complete", "stuck":
/// {"tasks", "entries"}, "unfinished": {"tasks", "entries"}, "dry_run", "kept_partitions":
/// [{"partition", "until", "reason", "droppable_from"}]}`. `bytes`, `stuck` and `unfinished` are
/// null with --time-budget. `reason` is `narrow_policy`, `not_owner` (with `owner`),
/// `ends_after_cutoff`, `no_end`, or `retained_tasks` (with `retained` and `counted` entries). In a
/// dry run, an entry without a reason is a partition that would be dropped. With --configured: `{"rules": [{"statuses", "older_than_s", …}]}`, each
/// rule with the fields above.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail cleanup --days 90 --dry-run
  tasktrail cleanup --days 30 --status completed --status cancelled --time-budget 30m
  tasktrail cleanup --days 0 --keep 1000
  tasktrail cleanup --days 365 --user alice --include-stuck --include-unfinished
  tasktrail cleanup --configured --dry-run
  30 3 * * * tasktrail cleanup --days 90 --time-budget 2h --format json >>cleanup.log")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct CleanupArgs {
    /// Remove tasks without activity in the last N days (of 24 hours); 0 removes tasks of any age.
    #[arg(long, value_name = "N", required_unless_present = "configured")]
    days: Option<u32>,

    /// Apply the retention rules of the configuration (settings `retention.…`) instead of options.
    #[arg(long, conflicts_with_all = ["days", "user", "statuses", "include_stuck",
                                      "include_unfinished", "keep"])]
    configured: bool,

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

pub(crate) async fn run(
    args: CleanupArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let configured = if args.configured {
        Some(configured::rules(global)?)
    } else {
        None
    };
    connection::with_store(global, async |store| {
        let removal = args.removal(store);
        if let Some(rules) = configured {
            return configured::clean_up(&removal, &rules, args.time_budget, output).await;
        }
        let answer = removal.apply(&args.rule(), args.time_budget).await?;
        if output.is_json() {
            return output.json(&answer);
        }
        answer.advising(args.advice()).print(output)
    })
    .await
}

impl CleanupArgs {
    fn rule(&self) -> RetentionRule {
        let days = u64::from(self.days.unwrap_or_default());
        let rule = RetentionRule::older_than(Duration::from_secs(days * 24 * 60 * 60));
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

    /// The options that would remove more. `--include-stuck` cannot be combined with `--status`.
    fn advice(&self) -> Advice {
        Advice {
            include_stuck: self.statuses.is_empty(),
            include_unfinished: true,
        }
    }

    fn removal<'m>(&self, manager: &'m DatabaseManager) -> Removal<'m> {
        Removal {
            manager,
            dry_run: self.dry_run,
            throttle: !self.no_throttle,
        }
    }
}
