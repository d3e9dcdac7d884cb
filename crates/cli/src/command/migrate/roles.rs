use clap::Args;
use tasktrail::DatabaseRoles;

use super::sql;
use crate::args::Global;
use crate::connection;
use crate::failure::Failure;
use crate::output::Output;

/// Print the SQL of roles with the least rights: one that migrates, and one for services.
///
/// The runtime role reads and adds entries, keeps the summaries, and removes what has expired. It cannot
/// change an entry, truncate, create, alter or drop a table, or change the account of the migrations. On a
/// current schema services connect with it as with any other; on another one they are told that it may not
/// migrate.
///
/// The SQL makes the roles and the schema (see --schema) where they are missing, sets the roles' search path to
/// the schema, for psql, makes the tables of the store the owner's, and gives the rights. Run it in the database of the
/// histories, as a superuser, or as an owner of the database who may create roles: before the first
/// migration, and again after each that makes tables. Where all is done it changes nothing. Passwords are
/// set afterwards: in psql by \password ROLE.
///
/// Needs no database. In JSON {"sql"}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasktrail migrate roles
  tasktrail migrate roles | psql --set ON_ERROR_STOP=1 postgres://postgres@localhost/tasks
  tasktrail migrate roles --owner tasks_owner --runtime tasks_app --schema shop > roles.sql")]
pub(super) struct RolesArgs {
    /// The role that owns the tables and migrates: 1 to 63 bytes, as it is, also in capitals.
    #[arg(long, value_name = "NAME", default_value = "tasktrail_owner")]
    owner: String,

    /// The role that services use.
    #[arg(long, value_name = "NAME", default_value = "tasktrail_runtime")]
    runtime: String,
}

pub(super) fn run(args: &RolesArgs, global: &Global, output: &mut Output) -> Result<(), Failure> {
    let schema = connection::schema(global)?;
    let roles = DatabaseRoles::new(&args.owner, &args.runtime, &schema)
        .map_err(|refused| Failure::Usage(refused.to_string()))?;
    sql::print(&roles.sql(), output)
}
