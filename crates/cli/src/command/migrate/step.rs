use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;
use tasktrail::{DatabaseManager, MigrationPlan, MigrationTarget, SchemaState};

use super::{loss, refused};
use crate::failure::Failure;
use crate::output::{Output, agreed};

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

pub(super) async fn up(
    args: &UpArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let target = match &args.to {
        Some(version) => MigrationTarget::UpTo(version.clone()),
        None => MigrationTarget::UpToDate,
    };
    let plan = manager.plan_migration(&target).await.map_err(refused)?;
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

pub(super) async fn down(
    args: &DownArgs,
    manager: &DatabaseManager,
    output: &mut Output,
) -> Result<(), Failure> {
    let target = args.target();
    let plan = manager.plan_migration(&target).await.map_err(refused)?;
    let reverted = if args.dry_run {
        if !plan.is_empty() && !output.is_json() {
            output.line(loss::told(&plan, manager).await?)?;
        }
        versions(&plan)
    } else {
        if !plan.is_empty() && !args.yes {
            agreed(&loss::told(&plan, manager).await?, "this removes data")?;
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

/// Tells what is pending; the answer is no if there is something.
pub(super) async fn pending(manager: &DatabaseManager, output: &mut Output) -> Result<(), Failure> {
    let state = manager.schema_state().await?;
    let is_current = state.is_current() && state.unknown.is_empty();
    Answer::of(state).print(output)?;
    if is_current { Ok(()) } else { Err(Failure::No) }
}

fn versions(plan: &MigrationPlan) -> Vec<String> {
    let migrations = plan.migrations().into_iter();
    migrations.map(|migration| migration.version).collect()
}

#[derive(Default, Serialize)]
struct Answer {
    dry_run: bool,
    migrated: Vec<String>,
    reverted: Vec<String>,
    applied: Vec<String>,
    pending: Vec<String>,
    unknown: Vec<String>,
}

impl Answer {
    fn of(state: SchemaState) -> Self {
        Self {
            applied: state.applied,
            pending: state.pending,
            unknown: state.unknown,
            ..Self::default()
        }
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        let (applied, reverted) = if self.dry_run {
            ("would apply", "would take back")
        } else {
            ("applied", "took back")
        };
        let unknown = "a newer program has migrated";
        for (verb, versions, why) in [
            (applied, &self.migrated, None),
            (reverted, &self.reverted, None),
            ("pending", &self.pending, None),
            ("unknown", &self.unknown, Some(unknown)),
        ] {
            for version in versions {
                match why {
                    None => output.line(format_args!("{verb} {version}"))?,
                    Some(why) => output.line(format_args!("{verb} {version}: {why}"))?,
                }
            }
        }
        if self.pending.is_empty() && self.unknown.is_empty() {
            let applied = self.applied.len();
            output.line(format_args!("the schema is up to date ({applied} applied)"))?;
        }
        Ok(())
    }
}
