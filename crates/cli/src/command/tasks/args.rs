use std::time::Duration;

use clap::Args;
use tasktrail::repository::PageSize;
use tasktrail::task_history::{ErrorCode, TaskFilter, TaskStatus};
use tasktrail::timestamp::Timestamp;
use tasktrail::{UserId, UserPrefix};

use super::cursor::Cursor;
use crate::args::{status_parser, status_set, time};

/// List the tasks of a user, latest activity first, or of all users.
///
/// Prints one page, and the command for the next page. If you combine conditions, a task must meet
/// all of them. With --all, tasks are sorted by user, and the tasks of each user by latest activity.
///
/// A task is open until it is finished. A task whose last step is `completed` or `failed`, but that
/// was never finished, is shown as `completed (open)` or `failed (open)`: another step may follow.
///
/// JSON: {"tasks": […], "next": …}; pass `next` to --after. It is null on the last page. The
/// `finished_at` of an open task is null.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail tasks alice
  tasktrail tasks alice --status failed --status timed_out --limit 20
  tasktrail tasks alice --error-code E002 --since 24h
  tasktrail tasks --all --status running --stuck 10m
  tasktrail tasks --all --user-prefix acme/ --open --format json")]
pub(crate) struct TasksArgs {
    /// User whose tasks are listed.
    #[arg(required_unless_present_any = ["all", "user_prefix"])]
    pub(super) user: Option<UserId>,

    /// List the tasks of all users.
    #[arg(long, conflicts_with = "user")]
    pub(super) all: bool,

    /// List the tasks of all users whose ids begin with this text. Implies --all.
    #[arg(long, value_name = "PREFIX", conflicts_with = "user")]
    pub(super) user_prefix: Option<UserPrefix>,

    /// Only tasks with this status; can be repeated. Default: any status.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    pub(super) statuses: Vec<TaskStatus>,

    /// Only open tasks: those that were not finished, whatever their status.
    #[arg(long, conflicts_with = "finished")]
    pub(super) open: bool,

    /// Only finished tasks.
    #[arg(long)]
    pub(super) finished: bool,

    /// Only open tasks without activity for this time: 90s, 10m, 24h. Their worker may have died.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(conflicts_with_all = ["finished", "until"])]
    pub(super) stuck: Option<Duration>,

    /// Only tasks whose last step has this error code, such as E002.
    #[arg(long, value_name = "CODE")]
    pub(super) error_code: Option<ErrorCode>,

    /// Only tasks with activity at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, today,
    /// yesterday, or how long ago: 24h, 7d. Days begin at midnight UTC.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) since: Option<Timestamp>,

    /// Only tasks with their last activity before this time, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) until: Option<Timestamp>,

    /// Maximum number of tasks to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    pub(super) limit: PageSize,

    /// Print the tasks after this cursor, which the previous page printed.
    #[arg(long, value_name = "CURSOR")]
    pub(super) after: Option<Cursor>,
}

impl TasksArgs {
    /// The filter, given the current time.
    pub(super) fn filter(&self, now: Timestamp) -> TaskFilter {
        let finished = match (self.finished, self.open || self.stuck.is_some()) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        let idle_since = self.stuck.map(|stuck| now.saturating_sub(stuck));
        TaskFilter::default()
            .with_statuses(status_set(&self.statuses))
            .with_finished(finished)
            .with_error_code(self.error_code.clone())
            .with_since(self.since)
            .with_until(self.until.or(idle_since))
    }
}
