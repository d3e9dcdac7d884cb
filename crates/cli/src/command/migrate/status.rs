use clap::Args;
use serde::Serialize;
use tasktrail::MigrationStatus;
use tasktrail::timestamp::Timestamp;

use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::{Output, tables};

/// List every migration: whether the database has it, and since when.
///
/// A migration is `applied`, `pending` (this program has it and the database has not), or `unknown` (a newer
/// program has applied it). Times are by the clock of the server, in UTC.
///
/// In JSON a list of `{"version", "name", "state", "applied_at"}`; the name of an unknown one is null, and so is
/// the time of a pending one.
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
