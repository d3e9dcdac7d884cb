//! Commands that inspect and change the schema.

mod answer;
mod check;
mod data_loss;
mod down;
mod order;
mod partition;
mod roles;
mod sql;
mod status;
mod up;
mod version_error;

use clap::{Args, Subcommand};

use self::answer::Answer;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Bring the schema of the database up to date.
///
/// Without a subcommand, this is `migrate up`. Several processes can migrate at the same time: one
/// applies the migrations, and the others wait for it. If the schema is up to date, nothing is
/// changed or locked. `import` migrates automatically, and so does `demo` with --database-url.
/// Other commands never change the schema.
///
/// All subcommands use the schema of the store: `public`, or the one set by --schema or the
/// configuration. The first migration creates the schema if it does not exist.
///
/// JSON: `{"dry_run", "migrated", "reverted", "applied", "pending", "unknown"}`, lists of versions.
/// `migrated` and `reverted` are what this call applied and reverted, or would have with --dry-run.
/// `applied`, `pending` and `unknown` are the state after it; a newer version of Tasktrail applied
/// the unknown ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate
  tasktrail migrate --schema shop
  tasktrail migrate --check || echo 'deploy the schema first'
  tasktrail migrate up --dry-run
  tasktrail migrate sql > migrate.sql
  tasktrail migrate check
  tasktrail migrate order
  tasktrail migrate partition --dry-run
  tasktrail migrate roles > roles.sql")]
pub(crate) struct MigrateArgs {
    /// Change nothing: list pending and unknown migrations, and exit with 1 if there are any.
    #[arg(long)]
    check: bool,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    Status(status::StatusArgs),
    Up(up::UpArgs),
    Down(down::DownArgs),
    Sql(sql::SqlArgs),
    Check(check::CheckArgs),
    Order(order::OrderArgs),
    Partition(partition::PartitionArgs),
    Roles(roles::RolesArgs),
}

pub(crate) async fn run(
    args: &MigrateArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    if args.check && args.action.is_some() {
        let message =
            "--check cannot be combined with a subcommand; `migrate check` compares the schema";
        return Err(Failure::Usage(message.to_owned()));
    }
    match &args.action {
        Some(Action::Status(_)) => status::run(global, output).await,
        Some(Action::Up(args)) => up::run(args, global, output).await,
        Some(Action::Down(args)) => down::run(args, global, output).await,
        Some(Action::Sql(args)) => sql::run(args, global, output).await,
        Some(Action::Check(_)) => check::run(global, output).await,
        Some(Action::Order(args)) => order::run(args, global, output).await,
        Some(Action::Partition(args)) => partition::run(args, global, output).await,
        Some(Action::Roles(args)) => roles::run(args, global, output),
        None if args.check => list_pending(global, output).await,
        None => up::run(&up::UpArgs::default(), global, output).await,
    }
}

/// Prints pending and unknown migrations; fails with [`Failure::No`] if there are any.
async fn list_pending(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let state = manager.schema_state().await?;
    let is_current = state.is_current() && state.unknown.is_empty();
    Answer::of(state).print(output)?;
    if is_current { Ok(()) } else { Err(Failure::No) }
}
