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
use tasktrail::UserId;
use tasktrail::task_history::{Scope, TaskStatus};
use tasktrail::timestamp::Timestamp;
use tasktrail::{DatabaseError, DatabaseManager, ExportSelection};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use self::format::Format;
use self::progress::Progress;
use self::target::Target;
use self::writing::ExportMessage;
use crate::args::{Global, status_parser, status_set, time};
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

/// Export histories to a file: for backup, migration or analysis.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  tasktrail export all.jsonl.gz
  tasktrail export alice.csv --user alice --since 2026-01-01
  tasktrail export failed.jsonl --status failed --status timed_out --since 7d
  tasktrail export history.xes                      an event log for process mining
  tasktrail export - --as csv | column -s, -t | less")]
pub(crate) struct ExportArgs {
    /// Output file. The suffix selects the format: .jsonl, .csv or .xes. Append .gz to compress.
    /// `-` is standard output.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Format of the file. Default: selected by the suffix; jsonl for standard output.
    #[arg(long = "as", value_name = "FORMAT", value_enum)]
    of_file: Option<Format>,

    /// Only tasks of this user. Default: tasks of all users.
    #[arg(long)]
    user: Option<UserId>,

    /// Only tasks that have this status when the export starts; can be repeated. Default: any
    /// status.
    #[arg(long = "status", value_name = "STATUS", value_parser = status_parser())]
    statuses: Vec<TaskStatus>,

    /// Only tasks with activity at this time or later: 2026-01-31T12:00:00Z, 2026-01-31, today,
    /// yesterday, or how long ago: 24h, 7d. Days begin at midnight UTC.
    ///
    /// Tasks are exported whole, so older entries of these tasks are included.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<Timestamp>,

    /// Only tasks with their last activity before this time, in the same forms.
    ///
    /// Tasks with later activity are excluded with all their entries.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Timestamp>,

    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
}

const MANUAL: &str = "\
Export histories to a file: for backup, migration or analysis.

The export is a consistent snapshot of the moment when it starts. Saves during the export are not
included, and are not blocked. Tasks are sorted by user and ID. Each task has all its revisions, in
the order in which they were accepted. The options select whole tasks; a task must meet all of them.
Memory use does not grow with the size of the histories.

Formats:
  jsonl  one JSON object per line: entries with IDs and times, and the finishes of tasks;
         `tasktrail import` restores an equal history from it
  csv    a table with a header, one row per entry, and one row per finished task
  xes    an event log for process mining (IEEE 1849): one trace per task, one event per entry

The export is atomic: the file gets its name when it is complete. Until then, and after a failure or
an interruption, an existing file is unchanged. Existing files are replaced only with --force.
docs/EXPORT.md describes each format, and how to open an event log with pm4py.

The export compares the written entries with the counts in the database. If they differ, it fails
with exit status 1 and writes no file. During an export, partitions can be neither created nor
dropped.

Prints the numbers of exported tasks, entries, finishes and bytes. JSON: {\"file\", \"format\",
\"tasks\", \"entries\", \"finishes\", \"bytes\", \"seconds\"}. With standard output as the target, only
the histories are printed.";

#[derive(Serialize)]
struct Answer<'a> {
    file: &'a str,
    format: &'a str,
    tasks: u64,
    entries: u64,
    finishes: u64,
    /// Size of the stored file; `null` if the target is not a regular file.
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
    // The process must not exit before an incomplete file is removed.
    let _shutdown_delay = if is_file {
        Some(global.interrupt.delay_exit().await)
    } else {
        None
    };
    let (sender, messages) = mpsc::channel(1);
    let writing = spawn_blocking(move || writing::write(&target, format, messages));
    let read = tokio::select! {
        read = args.read(global, &sender) => read,
        () = global.interrupt.signalled() => {
            drop(sender);
            if is_file {
                drop(writing.await);
            }
            global.interrupt.set_outcome(if is_file {
                "no file was written"
            } else {
                "the output is incomplete"
            });
            return Err(Failure::error("interrupted"));
        }
    };
    drop(sender);
    let written = writing.await?;
    // If writing failed, reading stopped without an error of its own.
    read?;
    let written = written.map_err(|error| writing::failure(&name, &error))?;
    let written = written.ok_or_else(|| Failure::error(format!("{name} is incomplete")))?;
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
            let message = format!("--since {since} must be earlier than --until {until}");
            return Err(Failure::Usage(message));
        }
        self.of_file
            .map_or_else(|| Format::of(&self.file), Ok)
            .map_err(Failure::Usage)
    }

    /// Reads the histories and sends them to the writer.
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
        let selection = ExportSelection::default()
            .with_scope(self.user.clone().map_or(Scope::Everyone, Scope::User))
            .with_since(self.since)
            .with_until(self.until)
            .with_statuses(status_set(&self.statuses));
        let export = manager.export(&selection).await?;
        let mut export = export.ok_or_else(|| Failure::error("there is no database to export"))?;
        let mut progress = Progress::of(&export);
        while let Some(chunk) = export.next_portion().await.map_err(DatabaseError::Export)? {
            progress.advance(&chunk);
            if messages.send(ExportMessage::Chunk(chunk)).await.is_err() {
                return Ok(());
            }
        }
        // If the writer is gone, it reports the error.
        let _sent = messages.send(ExportMessage::End(export.total())).await;
        Ok(())
    }
}
