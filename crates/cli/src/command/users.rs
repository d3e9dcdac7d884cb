use clap::Args;
use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::repository::{Page, PageRequest, PageSize};
use tasktrail::task_history::TaskHistoryRepository;
use tasktrail::{UserId, UserPrefix};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, printable, quoted};

/// List the users who have tasks.
///
/// Prints one page, one user a line in ascending order, and the command for the next page. JSON:
/// {"users": […], "next": …}; pass `next` to --after. It is null on the last page.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail users
  tasktrail users --prefix acme/ --limit 1000
  tasktrail users --format json | jq -r '.users[]'")]
pub(crate) struct UsersArgs {
    /// Only users whose ids begin with this text. Default: all users.
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<UserPrefix>,

    /// Maximum number of users to print: 1 to 1000.
    #[arg(long, value_name = "N", default_value_t)]
    limit: PageSize,

    /// Print the users after this one, which the previous page printed as the next.
    #[arg(long, value_name = "USER", allow_hyphen_values = true)]
    after: Option<UserId>,
}

pub(crate) async fn run(
    args: UsersArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| list(args, store, output).await).await
}

async fn list(
    args: UsersArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let prefix = args.prefix.unwrap_or_default();
    let page = PageRequest {
        size: args.limit,
        after: args.after,
    };
    let Page { items, next } = manager.task_history()?.users(&prefix, &page).await?;
    if output.is_json() {
        return output.json(&Listed { users: items, next });
    }
    if items.is_empty() {
        return output.line("no users");
    }
    for user in &items {
        output.line(printable(user.as_str()))?;
    }
    let Some(next) = next else { return Ok(()) };
    let within = match prefix.as_str() {
        "" => String::new(),
        prefix => format!(" --prefix={}", quoted(prefix)),
    };
    let (limit, next) = (args.limit, quoted(next.as_str()));
    output.line(format_args!(
        "next page: tasktrail users{within} --limit {limit} --after={next}"
    ))
}

#[derive(Serialize)]
struct Listed {
    users: Vec<UserId>,
    next: Option<UserId>,
}
