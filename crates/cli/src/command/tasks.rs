use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::UserId;
use tasktrail::repository::{Page, PageRequest, PageSize};
use tasktrail::task_history::{
    ErrorCode, ListCursor, TaskFilter, TaskHistoryRepository, TaskStatus, TaskSummary,
};
use tasktrail::timestamp::Timestamp;

use crate::args::{Global, status_parser, status_set, time};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, quoted, tables};

/// List the tasks of a user, latest activity first.
///
/// Prints one page, and the command for the next page. If you combine conditions, a task must meet
/// all of them. JSON: {"tasks": […], "next": …}; pass `next` to --after. It is null on the last
/// page.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail tasks alice
  tasktrail tasks alice --status failed --status timed_out --limit 20
  tasktrail tasks alice --error-code E002 --since 24h")]
pub(crate) struct TasksArgs {
    /// User whose tasks are listed.
    user: UserId,

    /// Only tasks with this status; can be repeated. Default: any status.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

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
    after: Option<ListCursor>,
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
    let filter = TaskFilter::default()
        .with_statuses(status_set(&args.statuses))
        .with_error_code(args.error_code.clone())
        .with_since(args.since)
        .with_until(args.until);
    let page = PageRequest {
        size: args.limit,
        after: args.after.clone(),
    };
    let histories = manager.task_history()?;
    let listed = histories.list(&args.user, &filter, &page).await?;
    if output.is_json() {
        return print_json(&listed, output);
    }
    if listed.items.is_empty() {
        return output.line("no tasks");
    }
    output.table(&tables::tasks(output.table_style(), &listed.items))?;
    match &listed.next {
        None => Ok(()),
        Some(next) => output.line(format_args!("next page: {}", args.command_after(next))),
    }
}

fn print_json(page: &Page<TaskSummary, ListCursor>, output: &mut Output) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Listed<'a> {
        tasks: &'a [TaskSummary],
        next: Option<String>,
    }
    output.json(&Listed {
        tasks: &page.items,
        next: page.next.as_ref().map(ToString::to_string),
    })
}

impl TasksArgs {
    /// The same command for the next page.
    fn command_after(&self, next: &ListCursor) -> String {
        let mut words = vec!["tasktrail tasks".to_owned()];
        let mut option = |name: &str, value: &str| words.push(format!("{name} {}", quoted(value)));
        for status in &self.statuses {
            option("--status", status.as_str());
        }
        if let Some(code) = &self.error_code {
            option("--error-code", code.as_str());
        }
        if let Some(since) = self.since {
            option("--since", &since.to_string());
        }
        if let Some(until) = self.until {
            option("--until", &until.to_string());
        }
        option("--limit", &self.limit.to_string());
        option("--after", &next.to_string());
        let user = self.user.as_str();
        if user.starts_with('-') {
            // Otherwise the user would be parsed as an option.
            option("--", user);
        } else {
            words.insert(1, quoted(user));
        }
        words.join(" ")
    }
}
