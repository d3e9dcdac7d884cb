mod progress;

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tasktrail::DatabaseManager;
use tasktrail::task_history::ResultLimit;
use tasktrail_cli::import::{
    BadLines, ImportError, ImportOptions, ImportReport, Importer, Source, Unstorable,
};

use self::progress::Progress;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, grouped};

/// Save recorded step results from files, each line once.
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
    /// The files: JSON lines, plain or gzip, whatever they are called; `-` is standard input.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,

    /// Count bad lines and go on. The first 20 are told on stderr, and the exit status is 0.
    ///
    /// Without it the first bad line stops the import, with exit status 1; the good lines before it
    /// are saved.
    #[arg(long)]
    skip_invalid: bool,

    /// Save a step also where its result or a message cannot be stored: with a replacement.
    ///
    /// That is so for a result with a duplicate key in an object, one that is nested more than 100
    /// levels deep or larger than --max-result-bytes, and for a message that is too long or has a lone
    /// surrogate (half of a character). The replacement of a result is `{"replaced_result": {"reason",
    /// "bytes", "original"}}`, with the text that was given where it fits, else null. A message is cut,
    /// and a lone surrogate in it becomes U+FFFD. Replaced lines are counted, and the first 20 are
    /// reported on stderr. Without this option such a line is a bad line.
    #[arg(long)]
    replace_unstorable: bool,

    /// How large the result of a step may be, as JSON, in bytes; likewise each of its messages.
    ///
    /// PostgreSQL holds no more than about 200 MB in one document.
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    max_result_bytes: usize,

    /// Save into memory, which ends with the command: checks files without a database.
    ///
    /// All of the history is held in memory then.
    #[arg(long)]
    in_memory: bool,
}

const MANUAL: &str = "\
Save recorded step results from files, each line once.

A file holds one JSON object a line, a step result as it was saved, in the order in which it
happened (here over several lines):

  {\"user_id\": \"alice\", \"task_id\": \"report-7\", \"step\": 0,
   \"recorded_at\": \"2026-01-31T12:00:00Z\",
   \"step_result\": {\"step\": \"fetch\", \"result\": {\"pages\": 12}, \"completed\": true,
                   \"message\": \"\", \"status\": \"completed\",
                   \"error_code\": null, \"error_message\": null}}

A line for a step that was there before is a new revision of that step. Without recorded_at the
time is now. Blank lines are ignored; a line may be up to 64 MiB long.

A line may have an \"entry_id\", a UUID of version 7, which is its identity then. And a line may tell
how a task was finished, once: one with another status or time than what is there is a bad line. Its
entries may come before or after it:

  {\"user_id\": \"alice\", \"task_id\": \"report-7\",
   \"finish\": {\"status\": \"cancelled\", \"at\": \"2026-01-31T12:00:00Z\"}}

`tasktrail export` writes both, so that the files are read back to the same histories.

Without an entry_id the identity of a line follows from its text, and from how often the same text came before in its
file. So after an interruption just import the file again: nothing is saved twice. Equal lines of
two files are one save, too. The next lines are read while the last ones are saved, two batches of
about 1000 lines at a time, a batch whole or not at all. Memory does not grow with the file.

A result is stored exactly: every number with its digits (1.50, 1e400), every string with its
characters (NUL and lone surrogates too). What cannot be stored makes its line a bad one, with the
reason, or is replaced: see --replace-unstorable.

The schema of the database is brought up to date first; where that creates or changes the store, one
line on stderr names the schema and the database. Prints how many lines were read, saved,
already there and bad, in how many something was replaced, and how many tasks they belong to; in JSON
{\"lines\", \"saved\", \"already_there\", \"tasks\", \"bad\", \"replaced\", \"seconds\"}.";

pub(crate) async fn run(
    args: ImportArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = match (args.in_memory, &global.database_url) {
        (false, _) => connection::open_migrated(global).await?,
        (true, None) => DatabaseManager::in_memory(),
        (true, Some(_)) => {
            let words = "--in-memory and --database-url exclude each other";
            return Err(Failure::Usage(words.to_owned()));
        }
    };
    let options = ImportOptions {
        result_limit: ResultLimit::bytes(args.max_result_bytes),
        bad_lines: if args.skip_invalid {
            BadLines::Skip
        } else {
            BadLines::Stop
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
    // What was saved before an error is worth knowing; an import that did not begin says nothing.
    let printed = if done.is_ok() || report.lines > 0 {
        print(&report, output)
    } else {
        Ok(())
    };
    done.map_err(stopped)?;
    printed
}

/// A bad line, with what became of the others and how to go on; else the error.
fn stopped(error: ImportError) -> Failure {
    match error {
        ImportError::BadLine(bad) => Failure::error(format!(
            "{bad}; the import stopped at this line, and the good lines before it are saved: correct it and import \
             the file again, or skip bad lines with --skip-invalid, or, where a result or message cannot be stored, \
             replace it with --replace-unstorable"
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
        ("already there", grouped(report.duplicates)),
        ("bad", grouped(report.bad)),
        ("replaced", grouped(report.replaced)),
        ("tasks", grouped(report.tasks)),
        ("seconds", format!("{:.1}", report.seconds)),
    ];
    output.table(&output.table_style().facts(facts))
}
