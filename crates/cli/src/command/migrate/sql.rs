use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;
use tasktrail::{MigrationPlan, MigrationTarget};

use super::version_error::version_error;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Print the SQL of pending migrations, to apply it with another tool.
///
/// Applying the SQL with psql has the same effect as `migrate up`: each migration is a transaction
/// that also records itself in the table of migrations. The SQL contains the name of the schema.
/// Apply it with the role that owns the tables. This command changes nothing, and needs no write
/// privileges.
///
/// JSON: {"sql"}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate sql | psql --set ON_ERROR_STOP=1 \"$DATABASE_URL\"
  tasktrail migrate sql --down
  tasktrail migrate sql --all > schema.sql")]
pub(super) struct SqlArgs {
    /// Up to and including this migration; with --down, all migrations after it. A version, a name,
    /// or a unique prefix of either. Default: all pending migrations; with --down, the last one.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    to: Option<String>,

    /// Print the SQL that reverts migrations and deletes their data.
    #[arg(long)]
    down: bool,

    /// Print all migrations, for an empty database. Needs no connection.
    #[arg(long, conflicts_with_all = ["to", "down"])]
    all: bool,
}

impl SqlArgs {
    fn target(&self) -> MigrationTarget {
        match (self.to.clone(), self.down) {
            (None, false) => MigrationTarget::UpToDate,
            (None, true) => MigrationTarget::DownOne,
            (Some(version), false) => MigrationTarget::UpTo(version),
            (Some(version), true) => MigrationTarget::DownTo(version),
        }
    }
}

pub(super) async fn run(
    args: &SqlArgs,
    global: &Global,
    output: &mut Output,
) -> Result<(), Failure> {
    let plan = if args.all {
        let schema = connection::schema(global)?;
        MigrationPlan::from_nothing(&schema)
            .map_err(|refused| Failure::Usage(refused.to_string()))?
    } else {
        let manager = connection::open(global).await?;
        let target = args.target();
        manager
            .plan_migration(&target)
            .await
            .map_err(version_error)?
    };
    print(&plan.sql(), output)
}

/// Prints the statements, or a JSON document with them.
pub(super) fn print(sql: &str, output: &mut Output) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        sql: &'a str,
    }
    if output.is_json() {
        output.json(&Answer { sql })
    } else {
        output.bytes(sql.as_bytes())
    }
}
