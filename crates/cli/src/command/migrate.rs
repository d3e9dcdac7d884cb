use clap::Args;
use serde::Serialize;
use tasktrail::SchemaState;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Bring the schema of the database up to date, and tell what that took.
///
/// Any number of processes may do so at once; on a current schema nothing is changed or locked.
/// `import` does it by itself, and so does `demo` with --database-url; the other commands leave the
/// schema alone. In JSON: {"migrated", "applied", "pending"}, lists of versions: applied by this
/// call, applied in all, not yet applied.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate
  tasktrail migrate --check || echo 'deploy the schema first'")]
pub(crate) struct MigrateArgs {
    /// Change nothing: list what is pending, and exit with 1 if there is something.
    #[arg(long)]
    check: bool,
}

#[derive(Serialize)]
struct Answer {
    migrated: Vec<String>,
    applied: Vec<String>,
    pending: Vec<String>,
    unknown: Vec<String>,
}

pub(crate) async fn run(
    args: &MigrateArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let migrated = if args.check {
        Vec::new()
    } else {
        manager.init_database_schema().await?
    };
    let state = manager.schema_state().await?;
    let is_current = state.is_current() && state.unknown.is_empty();
    print(migrated, state, output)?;
    if args.check && !is_current {
        return Err(Failure::No);
    }
    Ok(())
}

fn print(migrated: Vec<String>, state: SchemaState, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.json(&Answer {
            migrated,
            applied: state.applied,
            pending: state.pending,
            unknown: state.unknown,
        });
    }
    for version in &migrated {
        output.line(format_args!("applied {version}"))?;
    }
    for version in &state.pending {
        output.line(format_args!("pending {version}"))?;
    }
    for version in &state.unknown {
        output.line(format_args!(
            "unknown {version}: a newer program has migrated"
        ))?;
    }
    if state.is_current() && state.unknown.is_empty() {
        output.line(format_args!(
            "the schema is up to date ({} applied)",
            state.applied.len()
        ))?;
    }
    Ok(())
}
