mod comma_separated;
mod document;
mod event_log;
mod format;
mod json_lines;
mod progress;
mod target;
mod writing;

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueHint};
use serde::Serialize;
use tasktrail::task_history::{Scope, UserId};
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseError, DatabaseManager, ExportSelection};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use self::format::Format;
use self::progress::Progress;
use self::target::Target;
use self::writing::ExportMessage;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

/// Write histories to a file: to keep, to move, or to analyse.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  tasktrail export all.jsonl.gz
  tasktrail export alice.csv --user alice --since 2026-01-01T00:00:00Z
  tasktrail export history.xes                      for process mining
  tasktrail export - --as csv | column -s, -t | less")]
pub(crate) struct ExportArgs {
    /// The file: .jsonl, .csv or .xes, and .gz behind it to compress; `-` is standard output.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// The format, whatever the file is called. Default: by its suffix; JSON lines on standard output.
    #[arg(long = "as", value_name = "FORMAT", value_enum)]
    of_file: Option<Format>,

    /// Only tasks of this user. Default: of anybody.
    #[arg(long)]
    user: Option<UserId>,

    /// Only tasks with activity at this time or later: 2026-01-31T12:00:00Z, or with an offset.
    ///
    /// A task is exported whole or not at all: its older entries come along.
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,

    /// Only tasks with their last activity before this time.
    ///
    /// A task with later activity is left out with all its entries.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,

    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
}

const MANUAL: &str = "\
Write histories to a file: to keep, to move, or to analyse.

Everything in the file is of one instant, the one at which the export begins; what is saved meanwhile
is not in it, and is not held up. Tasks come in the order of their users and ids, each with all its
revisions in the order in which they were accepted, and memory does not grow with the histories. The
formats:

  jsonl  one JSON object a line, which `tasktrail import` reads back to an equal history: entries
         with their ids and times, and how tasks were finished
  csv    a table with a header, one row an entry and one for the finish of a task
  xes    IEEE 1849, the event logs of process mining: one trace a task, one event an entry

The file appears under its name when it is complete: until then, and after a failure or an
interruption, what was there before stays there. A file that is there is replaced only with --force.
docs/EXPORT.md describes each format, and how to open an event log with pm4py.

What was written is compared with what the database counts. If they differ the export fails, the exit
status is 1, and no file appears. While it runs, partitions can be neither made nor dropped.

Prints how many tasks, entries, finishes and bytes were written; in JSON
{\"file\", \"format\", \"tasks\", \"entries\", \"finishes\", \"bytes\", \"seconds\"}. On standard output
nothing but the histories is printed.";

#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
    format: &'a str,
    tasks: u64,
    entries: u64,
    finishes: u64,
    /// As the file is stored; `null` for what is no regular file.
    bytes: Option<u64>,
    seconds: f64,
}

pub(crate) async fn run(
    args: ExportArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let began = Instant::now();
    let format = args.format()?;
    let target = Target::of(&args.file, args.force)?;
    let name = target.to_string();
    let (is_file, is_stdout) = (target.is_file(), target.is_stdout());
    // A file that is not complete has to be removed before the process ends.
    let _removal = if is_file {
        Some(global.interrupt.waits().await)
    } else {
        None
    };
    let (sender, messages) = mpsc::channel(1);
    let writing = spawn_blocking(move || writing::write(&target, format, messages));
    let read = tokio::select! {
        read = args.read(global, &sender) => read,
        () = global.interrupt.came() => {
            drop(sender);
            if is_file {
                drop(writing.await);
            }
            global.interrupt.left(if is_file {
                "no file was written"
            } else {
                "what was written is not complete"
            });
            return Err(Failure::error("interrupted"));
        }
    };
    drop(sender);
    let written = writing.await?;
    // Where the writing failed, the reading ended for that.
    read?;
    let written = written.map_err(|error| writing::failure(&name, &error))?;
    let written = written.ok_or_else(|| Failure::error(format!("{name} is not complete")))?;
    if is_stdout {
        return Ok(());
    }
    let answer = Answer {
        file: &name,
        format: format.name(),
        tasks: written.amount.tasks,
        entries: written.amount.entries,
        finishes: written.amount.finishes,
        bytes: written.bytes,
        seconds: began.elapsed().as_secs_f64(),
    };
    print(&answer, output)
}

fn print(answer: &Answer<'_>, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(answer);
    }
    let facts = [
        ("tasks", grouped(answer.tasks)),
        ("entries", grouped(answer.entries)),
        ("finishes", grouped(answer.finishes)),
        (
            "bytes",
            answer.bytes.map_or_else(|| "?".to_owned(), grouped),
        ),
        ("seconds", format!("{:.1}", answer.seconds)),
    ];
    output.table(&output.table_style().facts(facts))
}

impl ExportArgs {
    fn format(&self) -> Result<Format, Failure> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            let words =
                format!("--since {since} is not before --until {until}: nothing is between");
            return Err(Failure::Usage(words));
        }
        self.of_file
            .map_or_else(|| Format::of(&self.file), Ok)
            .map_err(Failure::Usage)
    }

    /// Reads the histories, and gives them away to be written.
    async fn read(
        &self,
        global: &Global,
        messages: &mpsc::Sender<ExportMessage>,
    ) -> Result<(), Failure> {
        connection::with_store(global, async |store| self.read_from(store, messages).await).await
    }

    async fn read_from(
        &self,
        manager: &DatabaseManager,
        messages: &mpsc::Sender<ExportMessage>,
    ) -> Result<(), Failure> {
        let selection = ExportSelection {
            scope: self.user.clone().map_or(Scope::Everyone, Scope::User),
            since: self.since,
            until: self.until,
        };
        let export = manager.export(&selection).await?;
        let mut export = export.ok_or_else(|| Failure::error("there is no database to export"))?;
        let mut progress = Progress::of(&export);
        while let Some(chunk) = export.next_portion().await.map_err(DatabaseError::Export)? {
            progress.advance(&chunk);
            if messages.send(ExportMessage::Chunk(chunk)).await.is_err() {
                return Ok(());
            }
        }
        // If nobody takes it, the writer tells why.
        let _taken = messages.send(ExportMessage::End(export.total())).await;
        Ok(())
    }
}
