//! The connection for changes of partitions.

use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres::ownership::other_owner;
use tasktrail_postgres_client::advisory_lock::{HeldLock, hold};
use tasktrail_postgres_client::connection::{Connector, PLANNING_FOR_MANY_ROWS};

use super::PartitionError;
use crate::maintenance_lock::of_store;

/// Key of the advisory lock: the bytes of "tasktrap".
const LOCK: i64 = 0x7461_736b_7472_6170;

/// How long to wait for another process that is changing the partitions.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn open(
    connector: &Connector,
    statement_timeout: Duration,
) -> Result<AsyncPgConnection, PartitionError> {
    let opened = connector.open_alone(statement_timeout).await;
    opened.map_err(PartitionError::Connect)
}

/// Takes the lock on the partitions. New tables are created in the schema of the history, which is
/// the whole search path.
pub(super) async fn begin(
    connector: &Connector,
    connection: &mut AsyncPgConnection,
) -> Result<HeldLock, PartitionError> {
    if let Some(owner) = other_owner(connection).await? {
        return Err(PartitionError::NotOwner { owner });
    }
    let number = of_store(connection, LOCK).await?;
    let lock = hold(connector, connection, number, LOCK_TIMEOUT).await;
    lock.map_err(PartitionError::Query)?
        .ok_or(PartitionError::Busy)
}

/// Resets the planner settings until the end of the transaction, so that queries may read whole
/// tables.
pub(super) async fn for_many_rows(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection.batch_execute(PLANNING_FOR_MANY_ROWS).await
}
