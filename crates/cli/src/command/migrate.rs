//! The schema: how it stands, and how it is changed.

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

/// Bring the schema of the database up to date, and tell what that took.
///
/// Without a command it is `migrate up`, and with --check it tells whether that has anything to do.
/// Any number of processes may migrate at once: one does, the others wait for it and find nothing left to
/// do; on a current schema nothing is changed or locked. `import` does it by itself, and so does `demo`
/// with --database-url; the other commands leave the schema alone.
///
/// All of it works in the schema of the store: `public`, or the one that --schema or the configuration names.
/// The first migration creates it if it is missing.
///
/// In JSON `{"dry_run", "migrated", "reverted", "applied", "pending", "unknown"}`: lists of versions, of
/// what this call applied and took back (or would have), and then of what is applied, what is not yet,
/// and what a newer program has applied.
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
    /// Change nothing: list what is pending, and exit with 1 if there is something.
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
        let words = "--check stands alone; `migrate check` compares the schema";
        return Err(Failure::Usage(words.to_owned()));
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

/// Tells what is pending; the answer is no if there is something.
async fn list_pending(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let state = manager.schema_state().await?;
    let is_current = state.is_current() && state.unknown.is_empty();
    Answer::of(state).print(output)?;
    if is_current { Ok(()) } else { Err(Failure::No) }
}
