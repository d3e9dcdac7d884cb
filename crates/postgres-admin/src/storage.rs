//! Disk space of the histories, and the contents of a database.

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

/// Disk space of the histories, and how much was written so far.
///
/// Sizes are exact; row counts are estimates of the server. A connection reports the rows that it
/// wrote within seconds, and at the latest when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageStatistics {
    /// The table with a row for each entry.
    pub entries: TableStatistics,
    /// The table with a row for each task.
    pub tasks: TableStatistics,
    /// Position of the write-ahead log of the whole server, in bytes. The difference of two
    /// readings is the amount written in between.
    pub log_bytes: u64,
}

/// Size and activity of a table. All zero if it does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableStatistics {
    /// Estimated number of live rows.
    pub live_rows: u64,
    /// Estimated number of dead rows, which vacuum has not removed yet.
    pub dead_rows: u64,
    /// Rows inserted since the table was created, including removed ones.
    pub rows_added: u64,
    /// Row versions replaced or deleted since the table was created, including those that vacuum
    /// has removed.
    pub rows_died: u64,
    /// Size of the table with TOAST data, without indexes, in bytes.
    pub table_bytes: u64,
    /// Size of its indexes, in bytes.
    pub index_bytes: u64,
}

/// Why a database could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The server failed or refused a statement.
    #[error("cannot read the database")]
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

const QUERY: &str = include_str!("storage/tables.sql");

/// Reads the statistics on a new connection.
pub(crate) async fn statistics(connector: &Connector) -> Result<StorageStatistics, StorageError> {
    let mut connection = connect(connector).await?;
    let rows: Vec<Row> = diesel::sql_query(with_leaves(QUERY))
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
