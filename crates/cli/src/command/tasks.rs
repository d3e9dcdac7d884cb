mod args;
mod cursor;
mod next_page;

use serde::Serialize;
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::{Page, PageRequest};
use tasktrail::task_history::{TaskFilter, TaskHistoryRepository, TaskSummary};

pub(crate) use self::args::TasksArgs;
use self::cursor::Cursor;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, tables};

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
    let (listed, next) = page(args, manager, &filter).await?;
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

/// Reads a page, and the text of the cursor for the next one.
async fn page(
    args: &TasksArgs,
    manager: &DatabaseManager,
    filter: &TaskFilter,
) -> Result<(Vec<TaskSummary>, Option<String>), Failure> {
    let histories = manager.task_history()?;
    let size = args.limit;
    let Some(user) = &args.user else {
        let users = args.user_prefix.clone().unwrap_or_default();
        let after = Cursor::of_all(args.after.as_ref())?;
        let page = PageRequest { size, after };
        return Ok(opened(histories.list_all(&users, filter, &page).await?));
    };
    let after = Cursor::of_user(args.after.as_ref())?;
    let page = PageRequest { size, after };
    Ok(opened(histories.list(user, filter, &page).await?))
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
