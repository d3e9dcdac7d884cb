//! Prepares the schema for the first migration of a plan.

use std::fmt::Write;

use tasktrail_postgres_client::config::StoreSchema;

use super::{lock_number, migrations_table};

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

    pub(super) fn transaction(&self, change: &str) -> String {
        let number = lock_number(&self.schema);
        format!("BEGIN;\nSELECT pg_advisory_xact_lock({number});\n{change}COMMIT;\n")
    }

    /// SQL that copies the applied versions to our table, without a migration.
    pub(super) fn takeover(&self) -> String {
        self.transaction(&self.prepare())
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
