//! A plan as SQL, for those who apply it themselves.

use super::LOCK;
use super::plan::MigrationPlan;
use super::scripts::Script;

/// As the harness makes it.
const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
    version varchar(50) PRIMARY KEY NOT NULL,
    run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
";

impl MigrationPlan {
    /// The statements that carry it out, with those that keep account of it: applied by `psql` they leave
    /// what [`run_migration`](crate::PostgresDatabase::run_migration) leaves.
    ///
    /// Each migration is a transaction that takes the lock of migrations, unless it must not be one: then
    /// it holds the lock for as long as its session lasts.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut sql = format!("-- Tasktrail {}", env!("CARGO_PKG_VERSION"));
        if self.is_empty() {
            sql.push_str(": there is nothing to do.\n");
            return sql;
        }
        sql.push_str("; stop at the first error: psql --set ON_ERROR_STOP=1\n");
        for (index, script) in self.scripts().iter().enumerate() {
            let table = self.from_nothing && index == 0;
            sql.push_str(&transaction(script, self.is_down(), table));
        }
        sql
    }
}

fn transaction(script: &Script, down: bool, table: bool) -> String {
    let version = script.version();
    let (verb, change, account) = if down {
        let account =
            format!("DELETE FROM __diesel_schema_migrations WHERE version = '{version}';");
        ("Take back", script.down, account)
    } else {
        let account = format!(
            "INSERT INTO __diesel_schema_migrations (version, run_on)\n    \
             VALUES ('{version}', now() AT TIME ZONE 'UTC');"
        );
        ("Apply", script.up, account)
    };
    let (begin, end) = if script.in_transaction {
        let begin = format!("BEGIN;\nSELECT pg_advisory_xact_lock({LOCK});\n");
        (begin, "COMMIT;\n")
    } else {
        (format!("SELECT pg_advisory_lock({LOCK});\n"), "")
    };
    let table = if table { TABLE } else { "" };
    format!(
        "\n-- {verb} {}.\n{begin}{table}\n{}\n\n{account}\n{end}",
        script.label(),
        change.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: Script = Script {
        folder: "2027-01-01-000000-0000_index_c",
        up: "CREATE INDEX CONCURRENTLY IF NOT EXISTS c ON t (c);\n",
        down: "-- Nothing.\nDROP INDEX CONCURRENTLY c;\n",
        in_transaction: false,
    };

    #[test]
    fn what_must_not_be_in_a_transaction_is_in_none() {
        let up = transaction(&INDEX, false, false);

        assert!(!up.contains("BEGIN") && !up.contains("COMMIT"), "{up}");
        assert!(up.contains("SELECT pg_advisory_lock("), "{up}");
        assert!(up.contains("VALUES ('202701010000000000'"), "{up}");
    }

    #[test]
    fn what_is_taken_back_is_struck_from_the_table_in_the_same_transaction() {
        let script = Script {
            in_transaction: true,
            ..INDEX
        };

        let down = transaction(&script, true, false);

        let account =
            "DELETE FROM __diesel_schema_migrations WHERE version = '202701010000000000';";
        let order = ["BEGIN;", "DROP INDEX", account, "COMMIT;"].map(|part| down.find(part));
        assert!(order.is_sorted() && order[0].is_some(), "{down}");
    }

    #[test]
    fn a_plan_without_migrations_is_a_comment() {
        let sql = MigrationPlan::default().sql();

        assert!(sql.starts_with("--") && sql.lines().count() == 1, "{sql}");
    }
}
