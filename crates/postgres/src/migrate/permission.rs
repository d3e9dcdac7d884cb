//! Whether this role may migrate.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::plan::MigrationPlan;
use super::scripts::Script;
use super::unread;
use crate::error::MigrateError;

#[derive(QueryableByName)]
struct Rights {
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
    #[diesel(sql_type = Bool)]
    may_create: bool,
}

/// Refuses a role that may not create tables where the connection works. A role that services use needs no
/// more than to be told: the server's own words would name a table of ours and not what to do.
pub(super) async fn demand(
    connection: &mut AsyncPgConnection,
    plan: &MigrationPlan,
) -> Result<(), MigrateError> {
    let question = "SELECT current_user::text AS role, current_schema()::text AS schema,
                           coalesce(has_schema_privilege(current_schema(), 'CREATE'), true)
                               AS may_create";
    let rights: Rights = diesel::sql_query(question)
        .get_result(connection)
        .await
        .map_err(unread)?;
    match rights.schema {
        Some(schema) if !rights.may_create => Err(MigrateError::NotPermitted {
            role: rights.role,
            schema,
            versions: plan.scripts().iter().map(Script::version).collect(),
        }),
        // Where there is no schema at all, the server says so.
        _ => Ok(()),
    }
}
