//! Whether this role may migrate.

use super::neighbourhood::Neighbourhood;
use super::plan::MigrationPlan;
use super::scripts::Script;
use crate::error::MigrateError;

/// Refuses a role that may not create tables in the schema of the store, or the schema. The server's error
/// message would name a table of ours and not what to do.
pub(super) fn demand(around: &Neighbourhood, plan: &MigrationPlan) -> Result<(), MigrateError> {
    if around.may_create {
        return Ok(());
    }
    let (role, schema) = (around.role.clone(), plan.schema().to_owned());
    Err(if around.has_schema {
        MigrateError::NotPermitted {
            role,
            schema,
            versions: plan.scripts().iter().map(Script::version).collect(),
        }
    } else {
        MigrateError::NoSchema {
            role,
            schema,
            database: around.database.clone(),
        }
    })
}
