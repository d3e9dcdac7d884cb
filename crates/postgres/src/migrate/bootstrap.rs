//! Prepares the schema for the first migration of a plan.

use std::fmt::Write;

use tasktrail_postgres_client::config::StoreSchema;

use super::{lock_number, migrations_table};

/// What keeps other processes from migrating at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockedBy {
    /// Each migration takes the migration lock itself.
    Statement,
    /// A transaction on another connection holds it, so that a migration would wait for it forever.
    OtherConnection,
}

/// The schema in which a plan runs, and what its first migration has to create there.
#[expect(clippy::struct_excessive_bools, reason = "each is independent")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bootstrap {
    pub(super) schema: StoreSchema,
    pub(super) lacks_schema: bool,
    /// Whether the table of applied versions does not exist.
    pub(super) lacks_migrations_table: bool,
    /// Whether the applied versions are still in the table that earlier versions of the program
    /// used.
    pub(super) is_legacy: bool,
    /// Whether that table may have rows of ours, and the role may delete them.
    pub(super) may_delete_legacy: bool,
}

impl Bootstrap {
    /// SQL that creates what is missing.
    pub(super) fn prepare(&self) -> String {
        let schema = self.schema.quoted();
        let mut sql = String::new();
        if self.lacks_schema {
            // Writing to a string does not fail.
            let _ = writeln!(sql, "CREATE SCHEMA IF NOT EXISTS {schema};");
        }
        let _ = writeln!(sql, "SET LOCAL search_path TO {schema};");
        if self.lacks_migrations_table {
            sql.push_str(migrations_table::TABLE);
        }
        if self.is_legacy {
            sql.push_str(&migrations_table::takeover());
        }
        sql
    }

    pub(super) fn transaction(&self, change: &str, locked: LockedBy) -> String {
        let first = match locked {
            LockedBy::Statement => {
                format!(
                    "SELECT pg_advisory_xact_lock({})",
                    lock_number(&self.schema)
                )
            }
            // The session is not ours, and may have a limit.
            LockedBy::OtherConnection => "SET LOCAL statement_timeout = 0".to_owned(),
        };
        format!("BEGIN;\n{first};\n{change}COMMIT;\n")
    }

    /// SQL that copies the applied versions to our table, without a migration.
    pub(super) fn takeover(&self, locked: LockedBy) -> String {
        self.transaction(&self.prepare(), locked)
    }

    /// What remains to be prepared after the first migration.
    pub(super) fn prepared(&self) -> Self {
        Self {
            lacks_schema: false,
            lacks_migrations_table: false,
            is_legacy: false,
            ..self.clone()
        }
    }
}
