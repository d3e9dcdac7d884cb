//! The account of the migrations: a table of our own, in the schema of the store.
//!
//! Earlier versions kept it in `__diesel_schema_migrations`, which is also the table of a host that uses Diesel. It
//! is read where our own table does not exist yet, and only for versions that this program knows, in a
//! schema that holds the tables of a store. It is never altered or dropped.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::scripts::{MIGRATIONS, Script};

/// Makes our table.
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

/// The same columns that `neighbourhood.sql` knows a store by. The catalogues are read as tables: what
/// `to_regclass` finds may be newer than the snapshot of the transaction.
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

/// What has been applied, the oldest first.
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
    // It was written by sessions whose time zone is UTC.
    let rows = "SELECT version::text, run_on AT TIME ZONE 'UTC' AS run_on
                FROM __diesel_schema_migrations WHERE version = ANY($1) ORDER BY version";
    let known: Vec<String> = MIGRATIONS.iter().map(Script::version).collect();
    diesel::sql_query(rows)
        .bind::<Array<Text>, _>(known)
        .load(connection)
        .await
}

/// Copies what is ours from the table that earlier versions used. Whoever may read that, or has its tables, may
/// read and has ours.
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

/// The time of a row that was taken over proves that the older one is ours. Programs that only know the older table
/// must not believe that what was taken back is still applied.
pub(super) fn strike_legacy(script: &Script) -> String {
    let version = script.version();
    format!(
        "DELETE FROM __diesel_schema_migrations AS old USING tasktrail_migrations AS ours
    WHERE old.version = '{version}' AND ours.version = old.version
      AND ours.run_on = old.run_on AT TIME ZONE 'UTC';\n"
    )
}

pub(super) fn strike(script: &Script) -> String {
    let version = script.version();
    format!("DELETE FROM tasktrail_migrations WHERE version = '{version}';\n")
}

/// As a list of literals; each is made of digits.
fn versions() -> String {
    let literals = MIGRATIONS
        .iter()
        .map(|script| format!("'{}'", script.version()));
    literals.collect::<Vec<_>>().join(", ")
}
