use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tasktrail::MigrationTarget;

use super::answer::{Answer, versions};
use super::version_error::version_error;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Apply pending migrations.
///
/// Each migration runs in a transaction, unless its SQL states why it cannot. If one fails, it is
/// rolled back, and earlier ones are kept. A schema that a newer version of Tasktrail has migrated
/// is refused.
///
/// JSON: as for `tasktrail migrate`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate up
  tasktrail migrate up --dry-run
  tasktrail migrate up --to create_task_history")]
pub(super) struct UpArgs {
    /// Apply migrations up to and including this one: a version, a name, or a unique prefix of
    /// either. Default: all.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    to: Option<String>,

    /// Change nothing: show what would be applied.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(
    args: &UpArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let target = match &args.to {
        Some(version) => MigrationTarget::UpTo(version.clone()),
        None => MigrationTarget::UpToDate,
    };
    let plan = manager
        .plan_migration(&target)
        .await
        .map_err(version_error)?;
    let migrated = if args.dry_run {
        versions(&plan)
    } else {
        manager.run_migration(&plan).await?
    };
    let answer = Answer {
        dry_run: args.dry_run,
        migrated,
        ..Answer::of(manager.schema_state().await?)
    };
    answer.print(output)
}
