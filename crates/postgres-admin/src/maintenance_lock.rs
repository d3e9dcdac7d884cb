//! The lock that lets one process at a time maintain a store.

use std::fmt;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::advisory_lock::{HeldLock, hold};
use tasktrail_postgres_client::connection::Connector;

use crate::storage::StorageError;

/// Key of the advisory lock: the bytes of "tasktram".
const LOCK: i64 = 0x7461_736b_7472_616d;

/// The lock of the process that maintains a store. Drop it to release the lock.
pub struct MaintenanceLock {
    _lock: HeldLock,
    /// Its session holds the lock, unless a transaction does.
    _connection: AsyncPgConnection,
}

impl fmt::Debug for MaintenanceLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaintenanceLock").finish_non_exhaustive()
    }
}

pub(crate) async fn take(connector: &Connector) -> Result<Option<MaintenanceLock>, StorageError> {
    let opened = connector.open_alone(Duration::ZERO).await;
    let mut connection = opened.map_err(StorageError::Connect)?;
    let unread = |error: diesel::result::Error| StorageError::Query(error.into());
    let number = of_store(&mut connection, LOCK).await.map_err(unread)?;
    let lock = hold(connector, &mut connection, number, Duration::ZERO).await;
    let lock = lock.map_err(StorageError::Query)?;
    Ok(lock.map(|lock| MaintenanceLock {
        _lock: lock,
        _connection: connection,
    }))
}

#[derive(QueryableByName)]
struct Store {
    #[diesel(sql_type = BigInt)]
    schema: i64,
}

/// The key of a lock, made distinct for each store of a database by the schema of the store.
pub(crate) async fn of_store(
    connection: &mut AsyncPgConnection,
    number: i64,
) -> diesel::QueryResult<i64> {
    let query = "SELECT coalesce((SELECT relnamespace::bigint FROM pg_class
                                     WHERE oid = to_regclass('task_history')), 0) AS schema";
    let store: Store = diesel::sql_query(query).get_result(connection).await?;
    Ok(number.wrapping_add(store.schema))
}
