use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::connection::Connector;

use super::{StorageError, connect};
use crate::bench_schema;

/// What a database holds. What a [`BenchSchema`](crate::BenchSchema) holds does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseContents {
    /// No table at all.
    Nothing,
    /// The schema of the histories, as far as it was migrated, without a row.
    EmptySchema,
    /// Histories, and perhaps other tables.
    Histories,
    /// Tables that are none of ours, in any schema but those of the system and of extensions; the
    /// histories, if they are there, are empty.
    OtherTables {
        /// The first three by their names, with their schemas, quoted as in SQL.
        first: Vec<String>,
        /// How many there are in all.
        count: u64,
    },
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    ours: bool,
}

/// Ours are those that our statements would find; a table of the same name in another schema is not.
const TABLES: &str = "
    SELECT format('%I.%I', nspname, relname) AS name,
           coalesce(pg_class.oid IN (to_regclass('task_history'), to_regclass('task_summary'),
                                     to_regclass('tasktrail_migrations')), false) AS ours
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm', 'f')
      AND nspname NOT IN ('pg_catalog', 'information_schema')
      AND nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp\\_%'
      AND nspname <> $1
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                        AND deptype = 'e')
    ORDER BY nspname, relname";

/// Asks on a connection of its own.
pub(crate) async fn contents(connector: &Connector) -> Result<DatabaseContents, StorageError> {
    let mut connection = connect(connector).await?;
    let tables: Vec<Table> = diesel::sql_query(TABLES)
        .bind::<Text, _>(bench_schema::NAME)
        .load(&mut connection)
        .await
        .map_err(|error| StorageError::Query(error.into()))?;
    let (ours, others): (Vec<_>, Vec<_>) = tables.into_iter().partition(|table| table.ours);
    for table in &ours {
        if !table.name.ends_with(".tasktrail_migrations")
            && has_rows(&mut connection, &table.name).await?
        {
            return Ok(DatabaseContents::Histories);
        }
    }
    if !others.is_empty() {
        return Ok(DatabaseContents::OtherTables {
            count: u64::try_from(others.len()).unwrap_or(u64::MAX),
            first: others.into_iter().take(3).map(|table| table.name).collect(),
        });
    }
    Ok(if ours.is_empty() {
        DatabaseContents::Nothing
    } else {
        DatabaseContents::EmptySchema
    })
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// Looks at the first row at most. The name comes quoted from the server.
async fn has_rows(connection: &mut AsyncPgConnection, table: &str) -> Result<bool, StorageError> {
    let question = format!("SELECT count(*) AS rows FROM (SELECT FROM {table} LIMIT 1) AS first");
    let found: Found = diesel::sql_query(question)
        .get_result(connection)
        .await
        .map_err(|error| StorageError::Query(error.into()))?;
    Ok(found.rows > 0)
}
