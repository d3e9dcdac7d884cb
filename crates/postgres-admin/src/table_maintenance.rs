//! Table maintenance: planner statistics, dead rows, and bloated indexes.

mod reindex;

use std::error::Error;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde::Serialize;
use tasktrail_postgres::with_leaves;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::unsigned;
use tokio::time::Instant;

pub use self::reindex::{ReindexPlan, ReindexedIndex, Reindexing};
pub(crate) use self::reindex::{plan, reindex};

/// Why table maintenance failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableMaintenanceError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The tables of the histories do not exist.
    #[error("the tables of the store do not exist: run tasktrail migrate")]
    NoSchema,
    /// The role may not maintain a table. Its owner may.
    #[error("role {role} may not maintain {table}: run this as its owner, {owner}")]
    NotOwner {
        /// The role of the connection.
        role: String,
        /// The table that it does not own.
        table: String,
        /// The owner of that table.
        owner: String,
    },
    /// No index has this name.
    #[error("no index of the histories has the name {wanted}; known: {}", .known.join(", "))]
    UnknownIndex {
        /// The name that was requested.
        wanted: String,
        /// The names of the indexes that exist.
        known: Vec<String>,
    },
    /// Another process is reindexing.
    #[error("another process is reindexing in this database")]
    Taken,
    /// The server failed or refused a statement.
    #[error("the server refused a statement")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for TableMaintenanceError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error.into())
    }
}

/// The effect of an analyze on a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AnalyzedTable {
    /// The table.
    pub table: String,
    /// The planner's estimate of the rows before.
    pub rows_before: u64,
    /// The planner's estimate of the rows after.
    pub rows_after: u64,
    /// Estimated number of dead rows before.
    pub dead_before: u64,
    /// Estimated number of dead rows after. Vacuum keeps those that open transactions may still
    /// see.
    pub dead_after: u64,
    /// Duration in milliseconds.
    pub took_ms: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    qualified: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Text>)]
    barred: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    owner: Option<String>,
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    dead: i64,
}

const TABLES: &str = include_str!("table_maintenance/tables.sql");

/// Reads the tables, each with the first part of it that the role may not maintain.
async fn tables(connection: &mut AsyncPgConnection) -> Result<Vec<Row>, TableMaintenanceError> {
    let tables: Vec<Row> = diesel::sql_query(with_leaves(TABLES))
        .load(connection)
        .await?;
    if tables.is_empty() {
        return Err(TableMaintenanceError::NoSchema);
    }
    Ok(tables)
}

/// Checks that the role may maintain all tables, because the server only warns and skips them.
fn permitted(tables: &[Row]) -> Result<(), TableMaintenanceError> {
    let foreign = tables.iter().find_map(|table| {
        Some(TableMaintenanceError::NotOwner {
            role: table.role.clone(),
            table: table.barred.clone()?,
            owner: table.owner.clone()?,
        })
    });
    foreign.map_or(Ok(()), Err)
}

/// Opens a connection without a statement timeout.
async fn connect(connector: &Connector) -> Result<AsyncPgConnection, TableMaintenanceError> {
    let opened = connector.open_alone(Duration::ZERO).await;
    opened.map_err(TableMaintenanceError::Connect)
}

/// Analyzes one table after the other.
pub(crate) async fn analyze(
    connector: &Connector,
    vacuum: bool,
) -> Result<Vec<AnalyzedTable>, TableMaintenanceError> {
    let mut connection = connect(connector).await?;
    let verb = if vacuum {
        "VACUUM (ANALYZE)"
    } else {
        "ANALYZE"
    };
    let before = tables(&mut connection).await?;
    permitted(&before)?;
    let mut took = Vec::new();
    for table in &before {
        let began = Instant::now();
        // The name comes quoted from the server.
        let statement = format!("{verb} {}", table.qualified);
        connection.batch_execute(&statement).await?;
        took.push(began.elapsed());
    }
    let after = tables(&mut connection).await?;
    let changes = before.into_iter().zip(after).zip(took);
    Ok(changes
        .map(|((before, after), took)| AnalyzedTable {
            table: before.name,
            rows_before: unsigned(before.rows),
            rows_after: unsigned(after.rows),
            dead_before: unsigned(before.dead),
            dead_after: unsigned(after.dead),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
        .collect())
}
