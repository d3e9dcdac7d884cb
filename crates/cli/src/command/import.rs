mod progress;

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tasktrail::DatabaseManager;
use tasktrail::task_history::ResultLimit;
use tasktrail_cli::import::{
    ImportError, ImportOptions, ImportReport, Importer, InvalidLines, Source, Unstorable,
};

use self::progress::Progress;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

/// Import step results from files; each line is saved once.
#[derive(Debug, Args)]
#[command(long_about = MANUAL)]
#[command(after_help = "\
Examples:
  tasktrail import runs.jsonl
  tasktrail import january.jsonl.gz february.jsonl.gz --skip-invalid
  zstd -dc runs.jsonl.zst | tasktrail import -
  tasktrail import agents.jsonl --replace-unstorable --skip-invalid
  tasktrail import runs.jsonl --in-memory           check a file, without a database")]
pub(crate) struct ImportArgs {
    /// Input files: JSON lines, plain or gzip (detected by content); `-` is standard input.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Skip invalid lines instead of stopping. The first 20 are reported on stderr; exit status 0.
    ///
    /// Without this option, the first invalid line stops the import with exit status 1. The valid
    /// lines before it are saved.
    #[arg(long)]
    skip_invalid: bool,

    /// Replace results and messages that cannot be stored, and save the step.
    ///
    /// A result cannot be stored if an object in it has a duplicate key, if it is nested more than
    /// 100 levels deep, or if it is larger than --max-result-bytes. It is replaced by
    /// `{"replaced_result": {"reason", "bytes", "original"}}`; `original` is the text of the
    /// result, or null if it is too large. A message cannot be stored if it is too long or has a
    /// lone surrogate (half of a character). It is truncated, and each lone surrogate becomes
    /// U+FFFD. Lines with replacements are counted, and the first 20 are reported on stderr.
    /// Without this option, such a line is invalid.
    #[arg(long)]
    replace_unstorable: bool,

    /// Maximum size of the result of a step, as JSON, and of each of its messages, in bytes.
    ///
    /// PostgreSQL cannot store documents larger than about 200 MB.
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    max_result_bytes: usize,

    /// Check the files without a database: import into memory, and discard the result at the end.
    ///
    /// The whole history must fit into memory.
    #[arg(long)]
    in_memory: bool,
}

const MANUAL: &str = "\
Import step results from files; each line is saved once.

A file has one JSON object per line. Each object is a saved step result. The lines must be in the
order in which the saves happened. An example (in a file, it must be on one line):

  {\"user_id\": \"alice\", \"task_id\": \"report-7\", \"step\": 0,
   \"recorded_at\": \"2026-01-31T12:00:00Z\",
   \"step_result\": {\"step\": \"fetch\", \"result\": {\"pages\": 12}, \"completed\": true,
                   \"message\": \"\", \"status\": \"completed\",
                   \"error_code\": null, \"error_message\": null}}

A line for a step that already exists is a new revision of that step. The default of \"recorded_at\"
is the current time. Blank lines are ignored. A line can be up to 64 MiB long.

A line can have an \"entry_id\", a UUID of version 7, which identifies the save. A line can also
contain the finish of a task, before or after its entries. A finish with another status or time than
the recorded one is invalid:

  {\"user_id\": \"alice\", \"task_id\": \"report-7\",
   \"finish\": {\"status\": \"cancelled\", \"at\": \"2026-01-31T12:00:00Z\"}}

`tasktrail export` writes both kinds of lines, so importing an export restores equal histories.

You can import a file again, for example after an interruption: nothing is saved twice. Without an
\"entry_id\", a line is identified by its text and by the number of equal lines before it in the file.
Equal lines in two files are one save. The import reads ahead while it saves, in two concurrent
batches of about 1000 lines. Each batch is saved completely or not at all. Memory use does not grow
with the file.

Results are stored exactly: numbers keep their digits (1.50, 1e400), and strings keep their
characters, including NUL and lone surrogates. A line with a result or message that cannot be stored
is invalid, unless you pass --replace-unstorable.

The import updates the schema of the database first. If that creates or changes the store, a line on
stderr names the schema and the database.

Prints the numbers of lines that were read, saved, duplicates (saved earlier), invalid, and
replaced, and the number of their tasks. JSON: {\"lines\", \"saved\", \"duplicates\", \"tasks\",
\"invalid\", \"replaced\", \"seconds\"}.";

pub(crate) async fn run(
    args: ImportArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = match (args.in_memory, &global.database_url) {
        (false, _) => connection::open_migrated(global).await?,
        (true, None) => DatabaseManager::in_memory(),
        (true, Some(_)) => {
            let message = "--in-memory and --database-url cannot be combined";
            return Err(Failure::Usage(message.to_owned()));
        }
    };
    let options = ImportOptions {
        result_limit: ResultLimit::bytes(args.max_result_bytes),
        invalid_lines: if args.skip_invalid {
            InvalidLines::Skip
        } else {
            InvalidLines::Stop
        },
        unstorable: if args.replace_unstorable {
            Unstorable::Replace
        } else {
            Unstorable::Refuse
        },
    };
    let mut importer = Importer::new(manager.task_history()?, options);
    let done = import(&mut importer, args.files).await;
    let report = importer.report();
    // Also print the report after an error, unless no line was read.
    let printed = if done.is_ok() || report.lines > 0 {
        print(&report, output)
    } else {
        Ok(())
    };
    done.map_err(stopped)?;
    printed
}

/// Adds to an invalid line what was saved and how to continue. Other errors are returned unchanged.
fn stopped(error: ImportError) -> Failure {
    match error {
        ImportError::InvalidLine(invalid) => Failure::error(format!(
            "{invalid}; the import stopped at this line, and the valid lines before it are saved: correct the \
             line and import the file again, or pass --skip-invalid to skip invalid lines; if a result or \
             message cannot be stored, pass --replace-unstorable"
        )),
        error => error.into(),
    }
}

async fn import(importer: &mut Importer, files: Vec<PathBuf>) -> Result<(), ImportError> {
    let mut progress = Progress::default();
    for file in files {
        importer.import(&Source::from(file), &mut progress).await?;
    }
    progress.end();
    Ok(())
}

fn print(report: &ImportReport, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(report);
    }
    let facts = [
        ("lines", grouped(report.lines)),
        ("saved", grouped(report.saved)),
        ("duplicates", grouped(report.duplicates)),
        ("invalid", grouped(report.invalid)),
        ("replaced", grouped(report.replaced)),
        ("tasks", grouped(report.tasks)),
        ("seconds", format!("{:.1}", report.seconds)),
    ];
    output.table(&output.table_style().facts(facts))
}
