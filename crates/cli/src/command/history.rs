use clap::Args;
use tasktrail::DatabaseManager;
use tasktrail::TaskKey;
use tasktrail::repository::{PageRequest, PageSize};
use tasktrail::task_history::{HistoryEntry, TaskHistoryRepository};

use crate::args::{Global, TaskArgs};
use crate::connection;
use crate::failure::Failure;
use crate::output::tables::Entries;
use crate::output::{JsonList, Output, printable};

/// Show the steps of a task, with the current state of each step.
///
/// If a step was saved more than once, its newest revision is shown; --trail shows all revisions.
/// Tables shorten long texts. JSON: a list of entries, each with its ID, its time and the complete
/// step result. For a task that is not recorded, prints that it is unknown (JSON: an empty list)
/// and exits with 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail history alice report-7
  tasktrail history alice report-7 --trail
  tasktrail history alice report-7 --format json | jq '.[].step_result.result'")]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Show all revisions of all steps, in the order in which they were saved.
    #[arg(long)]
    trail: bool,
}

pub(crate) async fn run(
    args: HistoryArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    connection::with_store(global, async |store| show(args, store, output).await).await
}

async fn show(
    args: HistoryArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let task = args.task.key();
    let histories = manager.task_history()?;
    let mut steps = 0;
    let mut shown = Shown::begin(output);
    if args.trail {
        let mut page = Some(PageRequest::first(PageSize::DEFAULT));
        while let Some(request) = page {
            let loaded = histories.trail(&task, &request).await?;
            shown.add(&loaded.items)?;
            steps += loaded.items.len();
            page = request.next(loaded.next);
        }
    } else {
        let mut page = Some(PageRequest::first(PageSize::DEFAULT));
        while let Some(request) = page {
            let loaded = histories.load(&task, &request).await?;
            shown.add(&loaded.items)?;
            steps += loaded.items.len();
            page = request.next(loaded.next);
        }
    }
    // A task may be finished without any step.
    let known = steps > 0 || histories.status(&task).await?.is_some();
    shown.end(&task, known)?;
    if known { Ok(()) } else { Err(Failure::No) }
}

/// The output of entries: JSON is written immediately; table rows are shortened and collected,
/// because the column widths depend on all of them.
enum Shown<'a> {
    Json(JsonList<'a>),
    Table(Entries, &'a mut Output),
}

impl<'a> Shown<'a> {
    fn begin(output: &'a mut Output) -> Self {
        if output.is_json() {
            Self::Json(output.json_list())
        } else {
            Self::Table(Entries::default(), output)
        }
    }

    fn add(&mut self, entries: &[HistoryEntry]) -> Result<(), Failure> {
        for entry in entries {
            match self {
                Self::Json(list) => list.item(entry)?,
                Self::Table(rows, _) => rows.add(entry),
            }
        }
        Ok(())
    }

    fn end(self, task: &TaskKey, known: bool) -> Result<(), Failure> {
        match self {
            Self::Json(list) => list.end(),
            Self::Table(rows, output) if rows.is_empty() => {
                let task = printable(&task.to_string());
                let what = if known { "has no steps" } else { "is unknown" };
                output.line(format_args!("{task} {what}"))
            }
            Self::Table(rows, output) => output.table(&rows.table(output.table_style())),
        }
    }
}
