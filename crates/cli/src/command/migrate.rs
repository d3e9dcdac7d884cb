//! The schema: how it stands, and how it is changed.

mod check;
mod loss;
mod order;
mod partition;
mod roles;
mod sql;
mod status;
mod step;

use clap::{Args, Subcommand};
use tasktrail::{DatabaseError, MigrateError};

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
    Up(step::UpArgs),
    Down(step::DownArgs),
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
        Some(Action::Roles(roles)) => roles::run(roles, global, output),
        // It may need no database.
        Some(Action::Sql(sql)) => sql::run(sql, global, output).await,
        Some(Action::Status(_)) => status::run(&connection::open(global).await?, output).await,
        Some(Action::Up(up)) => step::up(up, &connection::open(global).await?, output).await,
        Some(Action::Down(down)) => {
            step::down(down, &connection::open(global).await?, output).await
        }
        Some(Action::Order(args)) => {
            order::run(args, &connection::open_store(global).await?, output).await
        }
        Some(Action::Partition(args)) => {
            partition::run(args, &connection::open(global).await?, output).await
        }
        Some(Action::Check(_)) => check::run(&connection::open(global).await?, output).await,
        None if args.check => step::pending(&connection::open(global).await?, output).await,
        None => {
            let up = step::UpArgs::default();
            step::up(&up, &connection::open(global).await?, output).await
        }
    }
}

/// A version that does not fit is wrong usage.
fn refused(error: DatabaseError) -> Failure {
    match error {
        DatabaseError::Migrate(
            error @ (MigrateError::UnknownVersion { .. }
            | MigrateError::AmbiguousVersion { .. }
            | MigrateError::NotApplied(_)),
        ) => Failure::Usage(error.to_string()),
        error => error.into(),
    }
}
