//! The SQL of a plan, for running it and for printing it.

use std::fmt::Write;

use super::bootstrap::{Bootstrap, LockedBy};
use super::plan::MigrationPlan;
use super::scripts::Script;
use super::{lock_number, migrations_table};

impl MigrationPlan {
    /// Returns the SQL of the plan, including the statements that record applied versions. Running
    /// it with `psql` has the same result as
    /// [`run_migration`](crate::PostgresDatabase::run_migration).
    ///
    /// Each migration runs in a transaction that takes the migration lock. One that cannot run in a
    /// transaction holds the lock until its session ends. The SQL names the schema of the store, so
    /// it does not depend on the search path of the session.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = format!("-- Tasktrail {}", env!("CARGO_PKG_VERSION"));
        if self.is_empty() {
            sql.push_str(": there is nothing to do.\n");
            return sql;
        }
        sql.push_str("; stop at the first error: psql --set ON_ERROR_STOP=1\n");
        let verb = if self.is_down() { "Revert" } else { "Apply" };
        for (script, batches) in self.batches(LockedBy::Statement) {
            let _ = writeln!(sql, "\n-- {verb} {}.", script.label());
            sql.push_str(&batches.concat());
        }
        sql
    }

    /// The messages to the server for each migration, in order.
    pub(super) fn batches(&self, locked: LockedBy) -> Vec<(Script, Vec<String>)> {
        let first = self.bootstrap().clone();
        let later = first.prepared();
        let bootstraps = std::iter::once(&first).chain(std::iter::repeat(&later));
        let scripts = self.scripts().iter().zip(bootstraps);
        scripts
            .map(|(script, bootstrap)| {
                (*script, batches(script, self.is_down(), bootstrap, locked))
            })
            .collect()
    }
}

fn batches(script: &Script, down: bool, bootstrap: &Bootstrap, locked: LockedBy) -> Vec<String> {
    let (change, record) = if down {
        let legacy = if bootstrap.may_delete_legacy || bootstrap.is_legacy {
            migrations_table::delete_legacy(script)
        } else {
            String::new()
        };
        (script.down, legacy + &migrations_table::delete(script))
    } else {
        (script.up, migrations_table::record(script))
    };
    let change = format!("\n{}\n\n", change.trim());
    if script.in_transaction {
        let all = bootstrap.prepare() + &change + &record;
        return vec![bootstrap.transaction(&all, locked)];
    }
    let mut batches = vec![change, record];
    if locked == LockedBy::Statement {
        let session = format!(
            "SET search_path TO {};\nSELECT pg_advisory_lock({});\n",
            bootstrap.schema.quoted(),
            lock_number(&bootstrap.schema)
        );
        batches.insert(0, session);
    }
    if *bootstrap != bootstrap.prepared() {
        batches.insert(0, bootstrap.transaction(&bootstrap.prepare(), locked));
    }
    batches
}

#[cfg(test)]
mod tests {
    use tasktrail_postgres_client::config::StoreSchema;

    use super::*;

    const INDEX: Script = Script {
        folder: "2027-01-01-000000-0000_index_c",
        up: "CREATE INDEX CONCURRENTLY IF NOT EXISTS c ON t (c);\n",
        down: "-- Nothing.\nDROP INDEX CONCURRENTLY c;\n",
        in_transaction: false,
    };

    /// Asserts that a text contains these parts, in this order.
    #[track_caller]
    fn in_order<const N: usize>(sql: &str, parts: [&str; N]) {
        let places = parts.map(|part| sql.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "{sql}");
    }

    #[test]
    fn migration_without_transaction_is_sent_in_its_own_message() {
        let up = batches(&INDEX, false, &Bootstrap::default(), LockedBy::Statement);

        let sql = up.concat();
        assert!(!sql.contains("BEGIN") && !sql.contains("COMMIT"), "{sql}");
        assert_eq!(up[1].trim(), INDEX.up.trim());
        in_order(
            &sql,
            ["SELECT pg_advisory_lock(", "VALUES ('202701010000000000'"],
        );
    }

    #[test]
    fn migration_waits_for_no_lock_that_another_connection_holds() {
        let script = Script {
            in_transaction: true,
            ..INDEX
        };

        for script in [INDEX, script] {
            let up = batches(
                &script,
                false,
                &Bootstrap::default(),
                LockedBy::OtherConnection,
            );
            assert!(!up.concat().contains("advisory"), "{up:?}");
        }
    }

    #[test]
    fn missing_objects_are_created_in_the_transaction_of_the_first_migration() {
        let script = Script {
            in_transaction: true,
            ..INDEX
        };
        let bootstrap = Bootstrap {
            schema: StoreSchema::Named("a\"b".to_owned()),
            lacks_schema: true,
            lacks_migrations_table: true,
            ..Bootstrap::default()
        };

        let up = batches(&script, false, &bootstrap, LockedBy::Statement);

        assert_eq!(up.len(), 1);
        in_order(
            &up[0],
            [
                "BEGIN;",
                "CREATE SCHEMA IF NOT EXISTS \"a\"\"b\";",
                "SET LOCAL search_path TO \"a\"\"b\";",
                "CREATE TABLE tasktrail_migrations",
                "CREATE INDEX",
                "COMMIT;",
            ],
        );
    }

    #[test]
    fn reverted_migration_is_deleted_from_both_tables_in_one_transaction() {
        let script = Script {
            in_transaction: true,
            ..INDEX
        };
        let bootstrap = Bootstrap {
            may_delete_legacy: true,
            ..Bootstrap::default()
        };

        let down = batches(&script, true, &bootstrap, LockedBy::Statement).concat();

        in_order(
            &down,
            [
                "BEGIN;",
                "DROP INDEX",
                "DELETE FROM __diesel_schema_migrations",
                "DELETE FROM tasktrail_migrations WHERE version = '202701010000000000';",
                "COMMIT;",
            ],
        );
    }

    #[test]
    fn empty_plan_is_a_comment() {
        let sql = MigrationPlan::default().sql();

        assert!(sql.starts_with("--") && sql.lines().count() == 1, "{sql}");
    }
}
