//! Who may do what in a database: as little as will do.

use std::fmt::Write;

use tasktrail_domain::InvalidValue;
use tasktrail_postgres_client::config::is_identifier;

/// What does it, for the names that were set before. The server quotes them.
const GRANT: &str = include_str!("roles/grant.sql");

/// Two roles for the histories in a schema: an *owner*, who migrates, and a *runtime* role for services,
/// which can do what they need and nothing else.
///
/// The runtime role reads and writes rows. It cannot change what was saved (`task_history` has no right
/// to be updated), empty a table at a stroke, or change the schema; a current schema it needs not.
///
/// ```
/// use tasktrail_postgres::DatabaseRoles;
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
}

impl DatabaseRoles {
    /// Roles of these names, for the tables in this schema. Upper and lower case differ.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if a name has not 1 to 63 bytes, or has control characters or backslashes in it, or
    /// if both roles are the same.
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
            let limit = "another one than the owner role";
            return Err(InvalidValue::text("the runtime role", limit, runtime));
        }
        Ok(Self {
            owner: owner.to_owned(),
            runtime: runtime.to_owned(),
            schema: schema.to_owned(),
        })
    }

    /// The statements that make the roles and the schema, where they are not there, and give the roles
    /// their rights; one transaction.
    ///
    /// For `psql`, or any client that takes several statements, in the database of the histories, as a
    /// superuser or as an owner of the database who may create roles. May be run again, which changes
    /// nothing, and must be after a migration that made tables: new ones can be read, added to and deleted
    /// from, but not updated. Tables that another role made become the owner's. Passwords are not set.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = format!(
            "-- Tasktrail {}: the role that migrates, and the role that services use.\n\
             -- Run it in the database of the histories, as a superuser, or as an owner of the database\n\
             -- who may create roles: psql --set ON_ERROR_STOP=1\n\
             -- Run it before the first migration, and again after each that makes tables: they get\n\
             -- their rights. Passwords are set afterwards, in psql by \\password ROLE.\n\
             \nBEGIN;\n",
            env!("CARGO_PKG_VERSION")
        );
        for (setting, name) in [
            ("owner", &self.owner),
            ("runtime", &self.runtime),
            ("schema", &self.schema),
        ] {
            // Writing to a text does not fail.
            let _ = writeln!(sql, "SET LOCAL tasktrail.{setting} = {};", literal(name));
        }
        sql.push('\n');
        sql.push_str(GRANT);
        sql.push_str("COMMIT;\n");
        sql
    }
}

/// A text without backslashes, so that `standard_conforming_strings` makes no difference.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
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
    fn names_that_the_server_or_a_script_would_take_for_others_are_refused() {
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
            "the runtime role must be another one than the owner role, got \"same\""
        );
        assert!(DatabaseRoles::new("o", "r", &"x".repeat(63)).is_ok());
    }
}
