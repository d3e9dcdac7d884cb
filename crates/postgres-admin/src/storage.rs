//! How much room the histories take, and what a database holds besides.

mod contents;
mod status_counts;

use std::error::Error;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres::with_leaves;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::unsigned;

pub use self::contents::DatabaseContents;
pub(crate) use self::contents::contents;
pub use self::status_counts::StatusCounts;
pub(crate) use self::status_counts::counts_by_status;

/// How much room the histories take on the server, and how much was written so far.
///
/// Sizes are exact; numbers of rows are the server's estimates. A connection reports the rows that it
/// wrote within seconds, and when it has ended for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageStatistics {
    /// The table with a row for each entry.
    pub entries: TableStatistics,
    /// The table with a row for each task.
    pub tasks: TableStatistics,
    /// How far the write-ahead log has come since the server was made, in bytes, all of its databases
    /// together. Of two readings the difference counts.
    pub log_bytes: u64,
}

/// How much room a table takes. All zero if it is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStatistics {
    /// Rows that are there, about.
    pub live_rows: u64,
    /// Old versions of rows that wait for a vacuum, about.
    pub dead_rows: u64,
    /// Rows that were added since the table was made, whether they are still there or not.
    pub rows_added: u64,
    /// Versions of rows that were replaced or deleted since the table was made, whether a vacuum has
    /// removed them or not.
    pub rows_died: u64,
    /// The table with its large values, without indexes, in bytes.
    pub table_bytes: u64,
    /// Its indexes, in bytes.
    pub index_bytes: u64,
}

/// A database could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// It could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The server failed or refused a statement.
    #[error("the database could not be looked at")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    live_rows: i64,
    #[diesel(sql_type = BigInt)]
    dead_rows: i64,
    #[diesel(sql_type = BigInt)]
    rows_added: i64,
    #[diesel(sql_type = BigInt)]
    rows_died: i64,
    #[diesel(sql_type = BigInt)]
    table_bytes: i64,
    #[diesel(sql_type = BigInt)]
    index_bytes: i64,
    #[diesel(sql_type = BigInt)]
    log_bytes: i64,
}

const QUESTION: &str = include_str!("storage/tables.sql");

/// Asks on a connection of its own.
pub(crate) async fn statistics(connector: &Connector) -> Result<StorageStatistics, StorageError> {
    let mut connection = connect(connector).await?;
    let rows: Vec<Row> = diesel::sql_query(with_leaves(QUESTION))
        .load(&mut connection)
        .await
        .map_err(|error| StorageError::Query(error.into()))?;
    let [entries, tasks] = rows.as_slice() else {
        let words = format!("two rows expected, got {}", rows.len());
        return Err(StorageError::Query(words.into()));
    };
    Ok(StorageStatistics {
        entries: entries.table(),
        tasks: tasks.table(),
        log_bytes: unsigned(tasks.log_bytes),
    })
}

impl Row {
    fn table(&self) -> TableStatistics {
        TableStatistics {
            live_rows: unsigned(self.live_rows),
            dead_rows: unsigned(self.dead_rows),
            rows_added: unsigned(self.rows_added),
            rows_died: unsigned(self.rows_died),
            table_bytes: unsigned(self.table_bytes),
            index_bytes: unsigned(self.index_bytes),
        }
    }
}

async fn connect(connector: &Connector) -> Result<AsyncPgConnection, StorageError> {
    let limit = connector.config().statement_timeout();
    let opened = connector.open_alone(limit).await;
    opened.map_err(StorageError::Connect)
}
