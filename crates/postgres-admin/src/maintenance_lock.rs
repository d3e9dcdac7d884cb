//! Whose turn it is to look after a store.

use std::fmt;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::advisory_lock::try_lock;
use tasktrail_postgres_client::connection::Connector;

use crate::storage::StorageError;

/// Names the advisory lock: the bytes of "tasktram".
const LOCK: i64 = 0x7461_736b_7472_616d;

/// Held by the one process that maintains a store, until it is dropped.
pub struct MaintenanceLock {
    /// The lock ends with it.
    _connection: AsyncPgConnection,
}

impl fmt::Debug for MaintenanceLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaintenanceTurn").finish_non_exhaustive()
    }
}

pub(crate) async fn take(connector: &Connector) -> Result<Option<MaintenanceLock>, StorageError> {
    let opened = connector.open_alone(std::time::Duration::ZERO).await;
    let mut connection = opened.map_err(StorageError::Connect)?;
    let unread = |error: diesel::result::Error| StorageError::Query(error.into());
    let number = of_store(&mut connection, LOCK).await.map_err(unread)?;
    let is_free = try_lock(&mut connection, number).await.map_err(unread)?;
    Ok(is_free.then_some(MaintenanceLock {
        _connection: connection,
    }))
}

#[derive(QueryableByName)]
struct Store {
    #[diesel(sql_type = BigInt)]
    schema: i64,
}

/// The number of a lock among the stores of a database, each of which has a schema.
pub(crate) async fn of_store(
    connection: &mut AsyncPgConnection,
    number: i64,
) -> diesel::QueryResult<i64> {
    let question = "SELECT coalesce((SELECT relnamespace::bigint FROM pg_class
                                     WHERE oid = to_regclass('task_history')), 0) AS schema";
    let store: Store = diesel::sql_query(question).get_result(connection).await?;
    Ok(number.wrapping_add(store.schema))
}
