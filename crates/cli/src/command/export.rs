mod answer;
mod comma_separated;
mod document;
mod event_log;
mod format;
mod histories;
mod json_lines;
mod orchestration;
mod progress;
mod target;
mod transfer;
mod writing;

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tasktrail::task_history::{Scope, TaskStatus};
use tasktrail::timestamp::Timestamp;
use tasktrail::{ExportSelection, UserId};

use self::format::Format;
use self::target::Target;
use crate::args::{Global, status_parser, status_set, time};
use crate::failure::Failure;
use crate::output::Output;

/// Export histories to a file: for backup, migration or analysis.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  tasktrail export all.jsonl.gz
  tasktrail export alice.csv --user alice --since 2026-01-01
  tasktrail export failed.jsonl --status failed --status timed_out --since 7d
  tasktrail export history.xes                      an event log for process mining
  tasktrail export - --as csv | column -s, -t | less
  tasktrail export agents.jsonl --orchestration     agents and planned tasks")]
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

    /// Export the agents, planned tasks, executions and audit log of an owner instead of histories.
    #[arg(long, conflicts_with_all = ["user", "statuses", "since", "until"])]
    orchestration: bool,

    /// Owner of the agents and planned tasks.
    #[arg(
        long,
        value_name = "USER",
        requires = "orchestration",
        default_value = "default"
    )]
    owner: UserId,

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

With --orchestration, the export has no histories, but the agents, planned tasks, executions and
audit log of one owner: a snapshot as well, as JSON lines, such as {\"agent\": {…}}. It cannot be
imported.

Prints the numbers of exported tasks, entries, finishes and bytes. JSON: {\"file\", \"format\",
\"tasks\", \"entries\", \"finishes\", \"bytes\", \"seconds\"}; with --orchestration, \"agents\",
\"tasks\", \"executions\" and \"audit_entries\" are the counts. With standard output as the target, only
the export is printed.";

pub(crate) async fn run(
    args: ExportArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let format = args.format()?;
    let target = Target::of(&args.file, args.force)?;
    if args.orchestration {
        orchestration::export(&args.owner, target, global, output).await
    } else {
        histories::export(&args.selection(), format, target, global, output).await
    }
}

impl ExportArgs {
    fn format(&self) -> Result<Format, Failure> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            let message = format!("--since {since} must be earlier than --until {until}");
            return Err(Failure::Usage(message));
        }
        let format = self.of_file.map_or_else(|| Format::of(&self.file), Ok);
        match format.map_err(Failure::Usage)? {
            Format::Csv | Format::Xes if self.orchestration => Err(Failure::Usage(
                "--orchestration writes JSON lines: use the suffix .jsonl, optionally followed by .gz, or \
                 pass --as jsonl"
                    .to_owned(),
            )),
            format => Ok(format),
        }
    }

    fn selection(&self) -> ExportSelection {
        ExportSelection::default()
            .with_scope(self.user.clone().map_or(Scope::Everyone, Scope::User))
            .with_since(self.since)
            .with_until(self.until)
            .with_statuses(status_set(&self.statuses))
    }
}
