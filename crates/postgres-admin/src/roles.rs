//! Least-privilege roles for a database.

use std::fmt::Write;

use tasktrail_domain::InvalidValue;
use tasktrail_postgres_client::config::is_identifier;

/// Creates the roles. Names are set before, and quoted by the server.
const GRANT: &str = include_str!("roles/grant.sql");

/// Sets the settings of the sessions for both roles.
const POOLER: &str = include_str!("roles/pooler.sql");

/// SQL for two roles of a store: an *owner*, who runs migrations, and a *runtime* role with only
/// the privileges that services need.
///
/// The runtime role reads and writes rows. It cannot update saved entries (it has no `UPDATE`
/// privilege on `task_history`), change or remove entries of the audit log, truncate tables, or
/// change the schema.
///
/// ```
/// use tasktrail_postgres_admin::DatabaseRoles;
///
/// let roles = DatabaseRoles::new("tasktrail_owner", "tasktrail_runtime", "public")?;
/// assert!(roles.sql().contains("'tasktrail_owner'"));
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseRoles {
    owner: String,
    runtime: String,
    schema: String,
    behind_pooler: bool,
}

impl DatabaseRoles {
    /// Defines the roles for the tables in `schema`. Names are case-sensitive.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a name is empty, is longer than 63 bytes, or contains control characters
    /// or backslashes, or if both roles have the same name.
    pub fn new(owner: &str, runtime: &str, schema: &str) -> Result<Self, InvalidValue> {
        for (field, name) in [
            ("the owner role", owner),
            ("the runtime role", runtime),
            ("the schema", schema),
        ] {
            if !is_identifier(name) {
                let limit = "1 to 63 bytes long, without control characters and backslashes";
                return Err(InvalidValue::text(field, limit, name));
            }
        }
        if owner == runtime {
            let limit = "different from the owner role";
            return Err(InvalidValue::text("the runtime role", limit, runtime));
        }
        Ok(Self {
            owner: owner.to_owned(),
            runtime: runtime.to_owned(),
            schema: schema.to_owned(),
            behind_pooler: false,
        })
    }

    /// Also sets the settings that sessions behind a pooler in transaction mode must have, as
    /// properties of both roles in this database. They then apply to every session of these roles.
    #[must_use]
    pub fn behind_transaction_pooler(mut self) -> Self {
        self.behind_pooler = true;
        self
    }

    /// Returns SQL that creates the roles and the schema, if they do not exist, and grants the
    /// privileges. It runs in one transaction.
    ///
    /// Run it in the database of the store with `psql`, or any client that accepts several
    /// statements, as a superuser, or as an owner of the database who may create roles. Idempotent.
    /// Run it again after a migration that creates tables: the runtime role can then update those
    /// that services update. Tables that another role created are transferred to the owner. Does
    /// not set passwords.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = format!(
            "-- Tasktrail {}: an owner role for migrations, and a runtime role for services.\n\
             -- Run this in the database of the store, as a superuser, or as an owner of the\n\
             -- database who may create roles: psql --set ON_ERROR_STOP=1\n\
             -- Run it before the first migration, and again after each migration that creates\n\
             -- tables. Set the passwords afterwards, in psql: \\password ROLE.\n\
             \nBEGIN;\n",
            env!("CARGO_PKG_VERSION")
        );
        for (setting, name) in [
            ("owner", &self.owner),
            ("runtime", &self.runtime),
            ("schema", &self.schema),
        ] {
            // Writing to a string does not fail.
            let _ = writeln!(sql, "SET LOCAL tasktrail.{setting} = {};", literal(name));
        }
        sql.push('\n');
        sql.push_str(GRANT);
        if self.behind_pooler {
            sql.push_str(POOLER);
        }
        sql.push_str("COMMIT;\n");
        sql
    }
}

/// Without backslashes the literal does not depend on `standard_conforming_strings`.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use tasktrail_postgres_client::connection::{IDLE_IN_TRANSACTION, session_settings};

    use super::*;

    fn refused(owner: &str, runtime: &str, schema: &str) -> String {
        let refused = DatabaseRoles::new(owner, runtime, schema);
        refused.unwrap_err().to_string()
    }

    #[test]
    fn a_quote_in_a_name_is_doubled() {
        let sql = DatabaseRoles::new("o'; DROP TABLE x; --", "$roles$", "S\"x")
            .unwrap()
            .sql();

        assert!(
            sql.contains("SET LOCAL tasktrail.owner = 'o''; DROP TABLE x; --';\n"),
            "{sql}"
        );
        assert!(
            sql.contains("SET LOCAL tasktrail.runtime = '$roles$';\n"),
            "{sql}"
        );
        assert!(
            sql.contains("SET LOCAL tasktrail.schema = 'S\"x';\n"),
            "{sql}"
        );
    }

    #[test]
    fn roles_behind_a_pooler_have_all_settings_of_a_session() {
        let roles = DatabaseRoles::new("o", "r", "s").unwrap();
        let all = session_settings().chain([IDLE_IN_TRANSACTION]);

        for (name, value) in all {
            assert!(POOLER.contains(&format!("('{name}', '{value}')")), "{name}");
        }
        assert!(!roles.sql().contains(POOLER));
        assert!(roles.behind_transaction_pooler().sql().contains(POOLER));
    }

    #[test]
    fn ambiguous_names_are_refused() {
        let limit = "must be 1 to 63 bytes long, without control characters and backslashes, got";

        assert_eq!(
            refused("", "r", "s"),
            format!("the owner role {limit} \"\"")
        );
        let long = "x".repeat(64);
        assert!(refused("o", &long, "s").starts_with(&format!("the runtime role {limit}")));
        assert!(refused("o", "r", "a\nb").starts_with(&format!("the schema {limit}")));
        assert!(refused("o\\", "r", "s").starts_with(&format!("the owner role {limit}")));
        assert_eq!(
            refused("same", "same", "s"),
            "the runtime role must be different from the owner role, got \"same\""
        );
        assert!(DatabaseRoles::new("o", "r", &"x".repeat(63)).is_ok());
    }
}
