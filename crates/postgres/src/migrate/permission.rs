//! Checks whether the role may migrate.

use super::environment::Environment;
use super::plan::MigrationPlan;
use super::scripts::Script;
use crate::error::MigrateError;

/// Refuses a role that may create neither tables in the schema of the store nor the schema. The
/// server's error message would name one of our tables, but no remedy.
pub(super) fn demand(around: &Environment, plan: &MigrationPlan) -> Result<(), MigrateError> {
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
