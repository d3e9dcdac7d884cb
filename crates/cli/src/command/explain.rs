use clap::{Args, ValueEnum};
use serde::Serialize;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::{
    ChosenTask, DatabaseError, DatabaseManager, ExplainRequest, ExplainedOperation,
    ExplainedStatement, Explanation,
};
use tasktrail::{TaskId, UserId};

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, counted, printable};

/// Print the query plans of an operation, for the data in the database.
///
/// Explains the statements of the library, with its planner settings. Without --task, a large
/// existing task is chosen and printed; --user restricts the choice to one user. The statements are
/// planned for the values of this task; a service plans each statement once, for all values.
///
/// Changes nothing: statements that write are planned but not executed. With --analyze, statements
/// that read are executed, and the plans include times and buffers.
///
/// A verdict follows each plan: `good`, or `slow in a large store` with the reasons, and with
/// --analyze the number of pages (8 KiB) that were read. A good statement reads ranges of indexes
/// that belong to one user, or, to count and clean up, the range of all users in scope.
///
/// JSON: `{"operation", "user_id", "task_id", "entries", "chosen", "analyzed", "statements":
/// [{"purpose", "sql", "plan", "verdict": {"good", "conclusion", "access", "indexes", "pages",
/// "uncached_pages", "concerns"}}]}`. `chosen` is `given`, `largest` or `made_up`. `access` is
/// `none`, `one_user`, `several_users`, `whole_index` or `whole_table`. `pages` and
/// `uncached_pages` are null without --analyze.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail explain list
  tasktrail explain load --user alice --task report-7 --analyze
  tasktrail explain save")]
pub(crate) struct ExplainArgs {
    /// Operation to explain.
    #[arg(value_enum)]
    operation: Operation,

    /// User of the task. Default: any user.
    #[arg(long)]
    user: Option<UserId>,

    /// ID of the task. Default: the one with the most entries among the first 10 000.
    #[arg(long)]
    task: Option<TaskId>,

    /// Execute the statements and show the actual times; only for operations that read.
    #[arg(long)]
    analyze: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Operation {
    /// Save one entry.
    Save,
    /// Load the current state of every step of a task.
    Load,
    /// Load all revisions of a task.
    Trail,
    /// Read the status of a task.
    Status,
    /// Finish a task, for example by cancelling it.
    Finish,
    /// Read the summary of a task, as `status` does.
    Summary,
    /// List a page of a user's tasks.
    List,
    /// List a page of the open tasks of all users.
    ListAll,
    /// List a page of the users.
    Users,
    /// Count, as `stats` does.
    Count,
    /// Estimate what a cleanup with --days 90 removes.
    Expired,
    /// Remove one batch in that cleanup.
    Remove,
}

impl Operation {
    fn explained(self) -> ExplainedOperation {
        match self {
            Self::Save => ExplainedOperation::Save,
            Self::Load => ExplainedOperation::Load,
            Self::Trail => ExplainedOperation::Trail,
            Self::Status => ExplainedOperation::Status,
            Self::Finish => ExplainedOperation::Finish,
            Self::Summary => ExplainedOperation::Summary,
            Self::List => ExplainedOperation::List,
            Self::ListAll => ExplainedOperation::ListAll,
            Self::Users => ExplainedOperation::Users,
            Self::Count => ExplainedOperation::Count,
            Self::Expired => ExplainedOperation::Expired,
            Self::Remove => ExplainedOperation::Remove,
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    operation: &'a str,
    user_id: &'a str,
    task_id: &'a str,
    entries: Option<u64>,
    chosen: ChosenTask,
    analyzed: bool,
    statements: &'a [ExplainedStatement],
}

pub(crate) async fn run(
    args: ExplainArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| explain(args, store, output).await).await
}

async fn explain(
    args: ExplainArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let operation = args.operation.explained();
    if args.analyze && operation.writes() {
        let message = "--analyze executes statements, and the statements of this operation write";
        return Err(Failure::Usage(message.to_owned()));
    }
    let request = ExplainRequest::new(operation, SystemClock.now())
        .with_user(args.user)
        .with_task(args.task)
        .with_analyze(args.analyze);
    let explained = manager.explain(&request).await;
    let explained = explained.map_err(|error| match error {
        DatabaseError::Repository(error) => Failure::from(error),
        error => error.into(),
    })?;
    let Some(explanation) = explained else {
        return Ok(());
    };
    if output.is_json() {
        return output.json(&Answer {
            operation: explanation.operation,
            user_id: explanation.task.user.as_str(),
            task_id: explanation.task.task.as_str(),
            entries: explanation.entries,
            chosen: explanation.chosen,
            analyzed: explanation.analyzed,
            statements: &explanation.statements,
        });
    }
    print(&explanation, output)
}

fn print(explanation: &Explanation, output: &mut Output) -> Result<(), Failure> {
    let (user, task) = (&explanation.task.user, &explanation.task.task);
    let entries = explanation.entries.map_or_else(
        || "does not exist".to_owned(),
        |entries| format!("has {}", counted(entries, "entry", "entries")),
    );
    let chosen = match explanation.chosen {
        ChosenTask::Given => "",
        ChosenTask::Largest => ", the most among the first 10 000 matching tasks",
        ChosenTask::MadeUp => "; no task matches, so this one is made up",
    };
    let (user, task) = (printable(user.as_str()), printable(task.as_str()));
    output.line(format_args!(
        "{}: task {task} of {user} {entries}{chosen}",
        explanation.operation
    ))?;
    for statement in &explanation.statements {
        output.line("")?;
        output.heading(statement.purpose)?;
        for line in statement.sql.trim_end().lines() {
            output.line(format_args!("  {}", printable(line)))?;
        }
        output.line("")?;
        for line in statement.plan.lines() {
            output.line(format_args!("  {}", printable(line)))?;
        }
        output.line("")?;
        output.line(format_args!("  {}", statement.verdict))?;
    }
    Ok(())
}
