mod cursor;
mod next_page;

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::{Page, PageRequest, PageSize};
use tasktrail::task_history::{
    ErrorCode, TaskFilter, TaskHistoryRepository, TaskStatus, TaskSummary,
};
use tasktrail::timestamp::Timestamp;
use tasktrail::{UserId, UserPrefix};

use self::cursor::Cursor;
use crate::args::{Global, status_parser, status_set, time};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, tables};

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
    user: Option<UserId>,

    /// List the tasks of all users.
    #[arg(long, conflicts_with = "user")]
    all: bool,

    /// List the tasks of all users whose ids begin with this text. Implies --all.
    #[arg(long, value_name = "PREFIX", conflicts_with = "user")]
    user_prefix: Option<UserPrefix>,

    /// Only tasks with this status; can be repeated. Default: any status.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

    /// Only open tasks: those that were not finished, whatever their status.
    #[arg(long, conflicts_with = "finished")]
    open: bool,

    /// Only finished tasks.
    #[arg(long)]
    finished: bool,

    /// Only open tasks without activity for this time: 90s, 10m, 24h. Their worker may have died.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(conflicts_with_all = ["finished", "until"])]
    stuck: Option<Duration>,

    /// Only tasks whose last step has this error code, such as E002.
    #[arg(long, value_name = "CODE")]
    error_code: Option<ErrorCode>,

    /// Only tasks with activity at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, today,
    /// yesterday, or how long ago: 24h, 7d. Days begin at midnight UTC.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,

    /// Only tasks with their last activity before this time, in the same forms.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,

    /// Maximum number of tasks to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: PageSize,

    /// Print the tasks after this cursor, which the previous page printed.
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
}

pub(crate) async fn run(
    args: &TasksArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| list(args, store, output).await).await
}

async fn list(
    args: &TasksArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let filter = args.filter(SystemClock.now());
    let (listed, next) = args.page(manager, &filter).await?;
    if output.is_json() {
        return print_json(&listed, next, output);
    }
    if listed.is_empty() {
        return output.line("no tasks");
    }
    let style = output.table_style();
    let table = match args.user {
        Some(_) => tables::tasks(style, &listed),
        None => tables::tasks_of_users(style, &listed),
    };
    output.table(&table)?;
    match next {
        None => Ok(()),
        Some(next) => {
            let command = next_page::command(args, &filter, &next);
            output.line(format_args!("next page: {command}"))
        }
    }
}

impl TasksArgs {
    fn filter(&self, now: Timestamp) -> TaskFilter {
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

    async fn page(
        &self,
        manager: &DatabaseManager,
        filter: &TaskFilter,
    ) -> Result<(Vec<TaskSummary>, Option<String>), Failure> {
        let histories = manager.task_history()?;
        let size = self.limit;
        let Some(user) = &self.user else {
            let users = self.user_prefix.clone().unwrap_or_default();
            let after = Cursor::of_all(self.after.as_ref())?;
            let page = PageRequest { size, after };
            return Ok(opened(histories.list_all(&users, filter, &page).await?));
        };
        let after = Cursor::of_user(self.after.as_ref())?;
        let page = PageRequest { size, after };
        Ok(opened(histories.list(user, filter, &page).await?))
    }
}

fn opened<C: ToString>(page: Page<TaskSummary, C>) -> (Vec<TaskSummary>, Option<String>) {
    let next = page.next.map(|cursor| cursor.to_string());
    (page.items, next)
}

fn print_json(
    tasks: &[TaskSummary],
    next: Option<String>,
    output: &mut Output,
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Listed<'a> {
        tasks: &'a [TaskSummary],
        next: Option<String>,
    }
    output.json(&Listed { tasks, next })
}
