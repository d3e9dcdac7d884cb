//! Locks that have a number instead of a row: what only one process at a time may do.

use std::time::Duration;

use diesel::QueryResult;
use diesel::define_sql_function;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::time::Instant;

define_sql_function! {
    /// Takes the lock of that number for this session, unless somebody has it.
    fn pg_try_advisory_lock(number: BigInt) -> Bool;
}

/// Takes the lock of that number in this database, and tells whether it did: `false` while another
/// session has it. Does not wait. The lock ends with the connection.
///
/// # Errors
///
/// If the server cannot answer.
pub async fn try_lock(connection: &mut AsyncPgConnection, number: i64) -> QueryResult<bool> {
    diesel::select(pg_try_advisory_lock(number))
        .get_result(connection)
        .await
}

/// The number of a lock in a schema. In `public` it is `number` itself, which also programs take that know no other
/// schema.
#[must_use]
pub fn of_schema(number: i64, schema: &str) -> i64 {
    if schema == "public" {
        return number;
    }
    // FNV-1a: the same in every process, whatever its version.
    let hash = schema
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    number ^ hash.cast_signed()
}

/// Takes the lock of that number, and tells whether it did: `false` if another session had it all the time.
///
/// Asks again and again instead of waiting inside a statement: a waiting statement holds a snapshot, and
/// a `CREATE INDEX CONCURRENTLY` of the holder would wait for that.
///
/// # Errors
///
/// If the server cannot answer.
pub async fn lock_within(
    connection: &mut AsyncPgConnection,
    number: i64,
    patience: Duration,
) -> QueryResult<bool> {
    let started = Instant::now();
    loop {
        if try_lock(connection, number).await? {
            return Ok(true);
        }
        if started.elapsed() >= patience {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
