use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use tasktrail::MigrationTarget;

use super::answer::{Answer, versions};
use super::version_error::version_error;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Apply the migrations that are pending.
///
/// Each is a transaction, or says why it is not: one that fails leaves nothing behind, and those before
/// it stay. A schema that a newer program has migrated is refused.
///
/// In JSON as `tasktrail migrate`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate up
  tasktrail migrate up --dry-run
  tasktrail migrate up --to create_task_history")]
pub(super) struct UpArgs {
    /// Apply only those up to this one, and it: a version, a name, or the beginning of one that no other
    /// has. Default: all.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    to: Option<String>,

    /// Change nothing: tell what would be applied.
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
