use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres::with_leaves;
use tasktrail_postgres_client::connection::Connector;

use super::{StorageError, connect};
use crate::bench_schema;

/// The contents of a database. Those of a [`BenchSchema`](crate::BenchSchema) are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseContents {
    /// No tables.
    Nothing,
    /// The tables of the store, without rows. Not all migrations may have been applied.
    EmptySchema,
    /// Histories, agents, tasks or audit entries, and possibly other tables.
    Histories,
    /// Tables of other applications, in any schema except those of the system and of extensions.
    /// The tables of the store are empty or do not exist.
    OtherTables {
        /// The first three by name, with schema, quoted for use in SQL.
        first: Vec<String>,
        /// The number of all.
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

/// Our tables are those that our statements find. A table of the same name in another schema is
/// not.
const TABLES: &str = "
    SELECT format('%I.%I', nspname, relname) AS name,
           coalesce(pg_class.oid IN (SELECT root FROM ours), false)
           OR coalesce(pg_class.oid = to_regclass('tasktrail_migrations'), false) AS ours
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm', 'f')
      AND nspname NOT IN ('pg_catalog', 'information_schema')
      AND nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp\\_%'
      AND nspname <> $1
      AND NOT EXISTS (SELECT FROM pg_depend
                      WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                        AND deptype = 'e')
    ORDER BY nspname, relname";

/// Reads the contents on a new connection.
pub(crate) async fn contents(connector: &Connector) -> Result<DatabaseContents, StorageError> {
    let mut connection = connect(connector).await?;
    let tables: Vec<Table> = diesel::sql_query(with_leaves(TABLES))
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

/// Reads at most one row. The name comes quoted from the server.
async fn has_rows(connection: &mut AsyncPgConnection, table: &str) -> Result<bool, StorageError> {
    let query = format!("SELECT count(*) AS rows FROM (SELECT FROM {table} LIMIT 1) AS first");
    let found: Found = diesel::sql_query(query)
        .get_result(connection)
        .await
        .map_err(|error| StorageError::Query(error.into()))?;
    Ok(found.rows > 0)
}
