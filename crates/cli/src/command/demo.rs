//! A demonstration: real work on a folder, recorded as tasks, and a plan for two agents.

mod fingerprints;
mod listing;
mod recorder;
mod release;
mod report;
mod survey;
mod transcript;

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use tasktrail::DatabaseManager;
use tasktrail::UserId;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::PageSize;

use self::listing::Listing;
use self::transcript::DemoTranscript;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Run a demo: record three tasks that work on the files of a folder, and orchestrate two agents.
///
/// One task surveys the folder. One writes a report and needs a second attempt. One is cancelled
/// while its worker is still running. The work is real, and the folder is not changed. The demo
/// inspects at most 20 000 files, skips folders named `target`, `node_modules` or `.git`, and reads
/// at most 64 MiB.
///
/// Then two agents share a plan of five tasks. One agent dies with a task and registers again, and
/// one task is cancelled. These agents claim and report, but do no work.
///
/// By default, the tasks are kept in memory and discarded at the end. To record them in a database,
/// pass --database-url: the demo updates the schema first, and uses two new users for its tasks.
/// Setting only `DATABASE_URL` does not make the demo write to a database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail demo
  tasktrail demo ~/projects --format json
  tasktrail demo --database-url postgres://app@localhost/tasks")]
pub(crate) struct DemoArgs {
    /// Folder to work on.
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
    // Each run uses a new user, because a database still contains the tasks of earlier runs.
    let now = SystemClock.now().to_datetime();
    let user = UserId::new(format!("demo-{}", now.format("%Y%m%d-%H%M%S-%3f")))?;
    survey::run(&manager, &user, &files).await?;
    report::run(&manager, &user, &files).await?;
    let answers = fingerprints::run(&manager, &user, &files).await?;
    // Another user, so that the list of tasks above has only those that record steps.
    let owner = UserId::new(format!("{user}-agents"))?;
    let release = release::run(&manager, owner).await?;
    let transcript = DemoTranscript {
        folder: whole(&args.folder),
        in_database: global.database_url.is_some(),
        answers,
        release,
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
