use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tasktrail::MigrationTarget;

use super::answer::{Answer, versions};
use super::data_loss;
use super::version_error::version_error;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, confirm};

/// Take migrations back, the newest first, with the data that they hold.
///
/// Takes back the last one unless --to or --all is given. What it removes cannot be had again but from a
/// copy, so it tells what would be lost and asks; a script agrees with --yes.
///
/// The numbers of tasks and entries are the server's estimates. In JSON as `tasktrail migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate down --dry-run
  tasktrail migrate down --to create_task_history
  tasktrail migrate down --all --yes")]
pub(super) struct DownArgs {
    /// Take back all after this one, which stays: a version, a name, or the beginning of one that no other
    /// has.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    #[arg(conflicts_with = "all")]
    to: Option<String>,

    /// Take all back: no table of Tasktrail stays but that of the migrations.
    #[arg(long)]
    all: bool,

    /// Do not ask.
    #[arg(long)]
    yes: bool,

    /// Change nothing: tell what would be taken back and lost.
    #[arg(long)]
    dry_run: bool,
}

impl DownArgs {
    fn target(&self) -> MigrationTarget {
        match &self.to {
            Some(version) => MigrationTarget::DownTo(version.clone()),
            None if self.all => MigrationTarget::DownAll,
            None => MigrationTarget::DownOne,
        }
    }
}

pub(super) async fn run(
    args: &DownArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let target = args.target();
    let plan = manager
        .plan_migration(&target)
        .await
        .map_err(version_error)?;
    let reverted = if args.dry_run {
        if !plan.is_empty() && !output.is_json() {
            output.line(data_loss::describe(&plan, &manager).await?)?;
        }
        versions(&plan)
    } else {
        if !plan.is_empty() && !args.yes {
            confirm(
                &data_loss::describe(&plan, &manager).await?,
                "this removes data",
            )?;
        }
        manager.run_migration(&plan).await?
    };
    let answer = Answer {
        dry_run: args.dry_run,
        reverted,
        ..Answer::of(manager.schema_state().await?)
    };
    answer.print(output)
}
