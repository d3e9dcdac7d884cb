//! The connection for changes of partitions.

use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres::ownership::other_owner;
use tasktrail_postgres_client::advisory_lock::lock_within;
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

/// Takes the lock on the partitions until the connection ends. Sets the search path to the schema
/// of the history, in which new tables are then created.
pub(super) async fn begin(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    if let Some(owner) = other_owner(connection).await? {
        return Err(PartitionError::NotOwner { owner });
    }
    connection
        .batch_execute(
            "SELECT set_config('search_path', quote_ident(nspname), false)
             FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
             WHERE pg_class.oid = to_regclass('task_history')",
        )
        .await?;
    let number = of_store(connection, LOCK).await?;
    if lock_within(connection, number, LOCK_TIMEOUT).await? {
        Ok(())
    } else {
        Err(PartitionError::Busy)
    }
}

/// Resets the planner settings, so that queries may read whole tables.
pub(super) async fn for_many_rows(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection.batch_execute(PLANNING_FOR_MANY_ROWS).await
}
