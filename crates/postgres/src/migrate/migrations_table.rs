//! The table of applied versions, in the schema of the store.
//!
//! Earlier versions of the program used `__diesel_schema_migrations`, which an application that
//! uses Diesel also uses. That table is read only if ours does not exist yet, only for versions
//! that this program knows, and only in a schema that contains the tables of a store. It is never
//! altered or dropped.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::scripts::{MIGRATIONS, Script};

/// Creates our table.
pub(super) const TABLE: &str = "\
CREATE TABLE tasktrail_migrations (
    version text COLLATE \"C\" PRIMARY KEY,
    run_on timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tasktrail_migrations IS 'The migrations of Tasktrail that this schema has.';
";

/// A migration that has been applied.
#[derive(QueryableByName)]
pub(super) struct Applied {
    #[diesel(sql_type = Text)]
    pub(super) version: String,
    #[diesel(sql_type = Timestamptz)]
    pub(super) run_on: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Tables {
    #[diesel(sql_type = Bool)]
    ours: bool,
    #[diesel(sql_type = Bool)]
    legacy: bool,
}

/// Recognizes a store by the same columns as `environment.sql`. Reads the catalogs as tables,
/// because `to_regclass` may find objects that are newer than the snapshot of the transaction.
const TABLES: &str = "
    WITH here AS (
        SELECT pg_class.oid, relname
        FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = current_schema()
    )
    SELECT EXISTS (SELECT FROM here WHERE relname = 'tasktrail_migrations') AS ours,
           EXISTS (SELECT FROM here WHERE relname = '__diesel_schema_migrations')
           AND (SELECT count(*) FROM here JOIN pg_attribute ON attrelid = here.oid
                WHERE NOT attisdropped
                  AND (relname, attname) IN (('task_history', 'entry_id'), ('task_summary', 'step_status'))) = 2
               AS legacy";

/// The applied versions, oldest first.
pub(super) async fn applied(
    connection: &mut AsyncPgConnection,
) -> diesel::QueryResult<Vec<Applied>> {
    let tables: Tables = diesel::sql_query(TABLES).get_result(connection).await?;
    if tables.ours {
        let rows = "SELECT version, run_on FROM tasktrail_migrations ORDER BY version";
        return diesel::sql_query(rows).load(connection).await;
    }
    if !tables.legacy {
        return Ok(Vec::new());
    }
    // Earlier versions wrote this column in sessions whose time zone was UTC.
    let rows = "SELECT version::text, run_on AT TIME ZONE 'UTC' AS run_on
                FROM __diesel_schema_migrations WHERE version = ANY($1) ORDER BY version";
    let known: Vec<String> = MIGRATIONS.iter().map(Script::version).collect();
    diesel::sql_query(rows)
        .bind::<Array<Text>, _>(known)
        .load(connection)
        .await
}

/// Copies our rows from the table of earlier versions. Grants access to our table to the roles that
/// may read that one, and transfers it to the owner of the history.
pub(super) fn takeover() -> String {
    format!(
        "INSERT INTO tasktrail_migrations (version, run_on)
    SELECT version, run_on AT TIME ZONE 'UTC' FROM __diesel_schema_migrations
    WHERE version IN ({});
{}",
        versions(),
        include_str!("takeover.sql")
    )
}

pub(super) fn record(script: &Script) -> String {
    let version = script.version();
    format!("INSERT INTO tasktrail_migrations (version) VALUES ('{version}');\n")
}

/// Deletes a row from the table of earlier versions. An equal time shows that the row is ours.
/// Programs that know only that table must not treat a reverted migration as applied.
pub(super) fn delete_legacy(script: &Script) -> String {
    let version = script.version();
    format!(
        "DELETE FROM __diesel_schema_migrations AS old USING tasktrail_migrations AS ours
    WHERE old.version = '{version}' AND ours.version = old.version
      AND ours.run_on = old.run_on AT TIME ZONE 'UTC';\n"
    )
}

pub(super) fn delete(script: &Script) -> String {
    let version = script.version();
    format!("DELETE FROM tasktrail_migrations WHERE version = '{version}';\n")
}

/// The versions as a list of literals. They consist of digits.
fn versions() -> String {
    let literals = MIGRATIONS
        .iter()
        .map(|script| format!("'{}'", script.version()));
    literals.collect::<Vec<_>>().join(", ")
}
