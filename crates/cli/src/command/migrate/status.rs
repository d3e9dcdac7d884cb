use clap::Args;
use serde::Serialize;
use tasktrail::MigrationStatus;
use tasktrail::timestamp::Timestamp;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, tables};

/// List all migrations, with their state and the time when they were applied.
///
/// A migration is `applied`, `pending` (not applied yet) or `unknown` (applied by a newer version
/// of Tasktrail). Times are from the clock of the server, in UTC.
///
/// JSON: a list of `{"version", "name", "state", "applied_at"}`. `name` is null for an unknown
/// migration, `applied_at` for a pending one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate status
  tasktrail migrate status --format json | jq -r '.[] | select(.state == \"pending\") | .version'")]
pub(super) struct StatusArgs {}

#[derive(Serialize)]
struct View<'a> {
    version: &'a str,
    name: Option<&'a str>,
    state: &'static str,
    applied_at: Option<Timestamp>,
}

impl<'a> View<'a> {
    fn of(migration: &'a MigrationStatus) -> Self {
        Self {
            version: &migration.version,
            name: migration.name.as_deref(),
            state: migration.state.as_str(),
            applied_at: migration.applied_at,
        }
    }
}

pub(super) async fn run(global: &Global, output: &mut Output) -> Result<(), Failure> {
    let manager = connection::open(global).await?;
    let migrations = manager.migrations().await?;
    if output.is_json() {
        let views: Vec<_> = migrations.iter().map(View::of).collect();
        return output.json(&views);
    }
    output.table(&tables::migrations(output.table_style(), &migrations))
}
