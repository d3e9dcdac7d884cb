use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{
    Expired, Removal, RemovalBatch, RetentionPolicy, Scope, TaskHistoryRepository,
    TaskHistoryRepositoryExt, TaskStatus, UserId,
};

use super::tasks::{status_parser, status_set};
use crate::failure::Failure;
use crate::output::{Output, grouped};

/// Remove tasks without recent activity, with their whole histories.
///
/// Whole tasks only: a task with recent activity keeps its early steps. It is done in small
/// transactions; a run that was interrupted is finished by the next one, and two at once do not
/// collide. Prints how many tasks and entries went.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail cleanup --days 90 --dry-run
  tasktrail cleanup --days 30 --status completed --status cancelled
  tasktrail cleanup --days 365 --user alice")]
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

    /// Only tasks of this status; may be given several times. Default: of any.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

    /// Only tasks that were finished, such as by `cancel`, not those whose last step is merely done.
    #[arg(long)]
    finished_only: bool,
}

#[derive(Serialize)]
struct Answer {
    tasks: u64,
    entries: u64,
    dry_run: bool,
}

pub(crate) async fn run(
    args: CleanupArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let dry_run = args.dry_run;
    let policy = args.policy();
    let histories = manager.task_history()?;
    let mut gone = histories.expired(&policy).await?;
    if !dry_run {
        let bar = progress(gone.tasks);
        let removed = histories
            .remove_all_expired(&policy, RemovalBatch::default(), |so_far: &Removal| {
                bar.set_position(so_far.tasks);
            })
            .await;
        bar.finish_and_clear();
        let removed = removed?;
        gone = Expired {
            tasks: removed.tasks,
            entries: removed.entries,
        };
    }
    if output.is_json() {
        return output.json(&Answer {
            tasks: gone.tasks,
            entries: gone.entries,
            dry_run,
        });
    }
    let (tasks, entries) = (grouped(gone.tasks), grouped(gone.entries));
    let verb = if dry_run { "would remove" } else { "removed" };
    output.line(format_args!("{verb} {tasks} tasks with {entries} entries"))
}

impl CleanupArgs {
    fn policy(self) -> RetentionPolicy {
        let age = Duration::from_secs(u64::from(self.days) * 24 * 60 * 60);
        RetentionPolicy {
            cutoff: SystemClock.now().saturating_sub(age),
            statuses: status_set(&self.statuses),
            finished_only: self.finished_only,
            scope: self.user.map_or(Scope::Everyone, Scope::User),
            keep_newest: 0,
        }
    }
}

/// A bar on a terminal, else nothing.
fn progress(tasks: u64) -> ProgressBar {
    let template = "removing tasks {wide_bar} {human_pos} of {human_len}, {per_sec}";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(tasks), ProgressDrawTarget::stderr()).with_style(style)
}
