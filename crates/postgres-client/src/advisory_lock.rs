//! Advisory locks: numbered locks for work that only one process may do at a time.

use std::time::Duration;

use diesel::QueryResult;
use diesel::define_sql_function;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::time::Instant;

define_sql_function! {
    /// Acquires the lock for this session, unless another session holds it.
    fn pg_try_advisory_lock(number: BigInt) -> Bool;
}

/// Tries to acquire a lock in this database, without waiting. Returns `false` if another session
/// holds it. The lock is released when the connection closes.
///
/// # Errors
///
/// If the query fails.
pub async fn try_lock(connection: &mut AsyncPgConnection, number: i64) -> QueryResult<bool> {
    diesel::select(pg_try_advisory_lock(number))
        .get_result(connection)
        .await
}

/// The number of a lock in a schema. In `public` it is `number` itself, which is also used by
/// programs that support only this schema.
#[must_use]
pub fn of_schema(number: i64, schema: &str) -> i64 {
    if schema == "public" {
        return number;
    }
    // FNV-1a: the same in every process and version.
    let hash = schema
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    number ^ hash.cast_signed()
}

/// Acquires a lock, or returns `false` if another session holds it until `timeout` has passed.
///
/// Polls instead of blocking. A blocked statement would hold a snapshot, and a `CREATE INDEX
/// CONCURRENTLY` of the lock holder would wait for it: a deadlock.
///
/// # Errors
///
/// If a query fails.
pub async fn lock_within(
    connection: &mut AsyncPgConnection,
    number: i64,
    timeout: Duration,
) -> QueryResult<bool> {
    let started = Instant::now();
    loop {
        if try_lock(connection, number).await? {
            return Ok(true);
        }
        if started.elapsed() >= timeout {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
