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

/// Revert migrations, newest first, and delete their data.
///
/// Reverts the last migration unless you pass --to or --all. The data can only be restored from a
/// backup, so the command shows what would be deleted and asks for confirmation. In a script, pass
/// --yes.
///
/// The numbers of tasks and entries are estimates of the server. JSON: as for `tasktrail migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate down --dry-run
  tasktrail migrate down --to create_task_history
  tasktrail migrate down --all --yes")]
pub(super) struct DownArgs {
    /// Revert all migrations after this one: a version, a name, or a unique prefix of either.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    #[arg(conflicts_with = "all")]
    to: Option<String>,

    /// Revert all migrations. Of the tables of Tasktrail, only the table of migrations is kept.
    #[arg(long)]
    all: bool,

    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,

    /// Change nothing: show what would be reverted and deleted.
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
