//! What an owner does for his tables: fresh statistics, no dead rows, indexes without gaps.

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

/// A table could not be cared for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableMaintenanceError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The tables of the histories are not there.
    #[error("the schema is not there: run tasktrail migrate")]
    NoSchema,
    /// The role may not: it is for the owner of the tables.
    #[error("the role {role} is not the owner of {table}, which is {owner}")]
    NotOwner {
        /// The role of the connection.
        role: String,
        /// The table that it does not own.
        table: String,
        /// Who does.
        owner: String,
    },
    /// There is no index of that name.
    #[error("no index of the histories is called {wanted}; there are: {}", .known.join(", "))]
    UnknownIndex {
        /// What was asked for.
        wanted: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Another process is reindexing.
    #[error("another process is reindexing in this database")]
    Taken,
    /// The server failed or refused a statement.
    #[error("the server refused")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for TableMaintenanceError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error.into())
    }
}

/// What an analyze has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AnalyzedTable {
    /// The table.
    pub table: String,
    /// How many rows the planner took it to have before.
    pub rows_before: u64,
    /// How many it does now.
    pub rows_after: u64,
    /// How many dead rows there were before, about.
    pub dead_before: u64,
    /// How many there are now, about: none after a vacuum, but for those that open transactions could see.
    pub dead_after: u64,
    /// How long it took, in milliseconds.
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

/// The tables, with the first part of each that the role may not care for.
async fn tables(connection: &mut AsyncPgConnection) -> Result<Vec<Row>, TableMaintenanceError> {
    let tables: Vec<Row> = diesel::sql_query(with_leaves(TABLES))
        .load(connection)
        .await?;
    if tables.is_empty() {
        return Err(TableMaintenanceError::NoSchema);
    }
    Ok(tables)
}

/// Whether the role may care for all of them: the server itself would only warn, and pass them over.
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

/// A connection of its own, without a limit of time.
async fn connect(connector: &Connector) -> Result<AsyncPgConnection, TableMaintenanceError> {
    let opened = connector.open_alone(Duration::ZERO).await;
    opened.map_err(TableMaintenanceError::Connect)
}

/// One table after the other.
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
    let told = before.into_iter().zip(after).zip(took);
    Ok(told
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
