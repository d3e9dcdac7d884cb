use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;
use tasktrail::{MigrationPlan, MigrationTarget};

use super::version_error::version_error;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Print the SQL of the migrations that are pending, for those who apply it themselves.
///
/// Each migration is a transaction that also keeps account of it in the table of migrations, so that
/// applied by psql it leaves what `migrate up` leaves. It names the schema of the store. Apply it with the role
/// that owns the tables. Needs no right to write, and changes nothing.
///
/// In JSON {"sql"}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate sql | psql --set ON_ERROR_STOP=1 \"$DATABASE_URL\"
  tasktrail migrate sql --down
  tasktrail migrate sql --all > schema.sql")]
pub(super) struct SqlArgs {
    /// Only up to this one, and it; with --down, back to this one, which stays. A version, a name, or the
    /// beginning of one that no other has. Default: all that are pending; with --down, the last one.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    to: Option<String>,

    /// Print what takes migrations back, with the data that they hold.
    #[arg(long)]
    down: bool,

    /// Print everything from nothing. Needs no database.
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

/// Prints statements as they are, or as a member of a document.
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
