//! Real work as recorded tasks, for a person who wants to see what the tool is about.

mod fingerprints;
mod listing;
mod recorder;
mod report;
mod survey;
mod transcript;

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use tasktrail::DatabaseManager;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::PageSize;
use tasktrail::task_history::UserId;

use self::listing::Listing;
use self::transcript::DemoTranscript;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Show Tasktrail at work: three recorded tasks on the files of a folder.
///
/// One task surveys the folder, one writes a report and needs a second attempt, one is cancelled
/// while its worker goes on. All of it really happens; nothing in the folder is changed. At most
/// 20 000 files are looked at, folders called `target`, `node_modules` or `.git` are left out, and at most
/// 64 MiB are read.
///
/// The tasks are recorded in memory, which ends with the command. With --database-url on the command
/// line they are recorded in that database, whose schema is brought up to date first, under a user
/// of their own; the environment alone (`DATABASE_URL`) does not make it write to a database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail demo
  tasktrail demo ~/projects --format json
  tasktrail demo --database-url postgres://app@localhost/tasks")]
pub(crate) struct DemoArgs {
    /// The folder.
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

pub(crate) async fn run(
    args: &DemoArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let files = Listing::under(&args.folder).map_err(|error| {
        Failure::error(format!("cannot read {}: {error}", args.folder.display()))
    })?;
    let manager = if global.database_url.is_some() {
        connection::open_migrated(global).await?
    } else {
        DatabaseManager::in_memory()
    };
    // A user of its own for each run, since in a database the tasks of earlier runs are still there.
    let now = SystemClock.now().to_datetime();
    let user = UserId::new(format!("demo-{}", now.format("%Y%m%d-%H%M%S-%3f")))?;
    survey::run(&manager, &user, &files).await?;
    report::run(&manager, &user, &files).await?;
    let answers = fingerprints::run(&manager, &user, &files).await?;
    let transcript = DemoTranscript {
        folder: whole(&args.folder),
        in_database: global.database_url.is_some(),
        answers,
        tasks: manager.get_user_tasks(&user, PageSize::DEFAULT).await?,
        survey: manager.load_task_history(&survey::task(&user)?).await?,
        report: recorder::trail(&manager, &report::task(&user)?).await?,
        fingerprints: manager
            .load_task_history(&fingerprints::task(&user)?)
            .await?,
        user,
    };
    if output.is_json() {
        output.json(&transcript.document())
    } else {
        transcript.print(output)
    }
}

fn whole(folder: &Path) -> String {
    let path = folder.canonicalize();
    path.as_deref().unwrap_or(folder).display().to_string()
}
