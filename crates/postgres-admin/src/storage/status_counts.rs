use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use tasktrail_domain::InvalidValue;
use tasktrail_domain::task_history::TaskStatus;
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::unsigned;

use super::{StorageError, connect};

/// Number of tasks with a status, and of their entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusCounts {
    /// Number of tasks with this status.
    pub tasks: u64,
    /// Number of entries of these tasks, of any status.
    pub entries: u64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    tasks: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

/// Reads all summaries and no entries: each summary contains the number of its entries.
const QUERY: &str = "
    SELECT status, count(*) AS tasks, sum(entries)::bigint AS entries
    FROM task_summary
    GROUP BY status";

/// Counts on a new connection.
pub(crate) async fn counts_by_status(
    connector: &Connector,
) -> Result<BTreeMap<TaskStatus, StatusCounts>, StorageError> {
    let mut connection = connect(connector).await?;
    let rows: Vec<Row> = diesel::sql_query(QUERY)
        .load(&mut connection)
        .await
        .map_err(|error| StorageError::Query(error.into()))?;
    rows.into_iter().map(Row::counts).collect()
}

impl Row {
    fn counts(self) -> Result<(TaskStatus, StatusCounts), StorageError> {
        let unknown = |error: InvalidValue| StorageError::Query(error.into());
        let counts = StatusCounts {
            tasks: unsigned(self.tasks),
            entries: unsigned(self.entries),
        };
        Ok((self.status.parse().map_err(unknown)?, counts))
    }
}
