use clap::Args;
use tasktrail::DatabaseRoles;

use super::sql;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Print SQL that creates two least-privilege roles: an owner that migrates, and a role for
/// services.
///
/// The runtime role reads and adds entries, updates summaries, and removes expired tasks. It cannot
/// change entries, truncate, create, alter or drop tables, or change the record of migrations. If
/// the schema is up to date, services can use it. If migrations are pending, connecting fails,
/// because the role may not migrate.
///
/// The SQL creates the roles and the schema (see --schema) if they do not exist, sets the search
/// path of both roles to the schema (for psql), makes the owner role the owner of the tables, and
/// grants the privileges. Review it, then run it in the database of the store, as a superuser, or
/// as the owner of the database if it may create roles. Run it before the first migration, and
/// again after each migration that creates tables. You can run it repeatedly. Afterwards, set the
/// passwords: in psql, use \password ROLE.
///
/// Needs no database. JSON: {"sql"}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate roles
  tasktrail migrate roles | psql --set ON_ERROR_STOP=1 postgres://postgres@localhost/tasks
  tasktrail migrate roles --owner tasks_owner --runtime tasks_app --schema shop > roles.sql
  tasktrail migrate roles --transaction-pooler > roles.sql")]
pub(super) struct RolesArgs {
    /// Role that owns the tables and runs migrations: 1 to 63 bytes, case-sensitive.
    #[arg(long, value_name = "NAME", default_value = "tasktrail_owner")]
    owner: String,

    /// Role that services use: 1 to 63 bytes, case-sensitive.
    #[arg(long, value_name = "NAME", default_value = "tasktrail_runtime")]
    runtime: String,

    /// Also set what sessions behind a pooler in transaction mode need, such as planner settings
    /// and time limits, as properties of both roles.
    #[arg(long)]
    transaction_pooler: bool,
}

pub(super) fn run(args: &RolesArgs, global: &Global, output: &mut Output) -> Result<(), Failure> {
    let schema = connection::schema(global)?;
    let mut roles = DatabaseRoles::new(&args.owner, &args.runtime, &schema)
        .map_err(|refused| Failure::Usage(refused.to_string()))?;
    if args.transaction_pooler {
        roles = roles.behind_transaction_pooler();
    }
    sql::print(&roles.sql(), output)
}
