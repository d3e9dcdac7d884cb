//! Locks that have a number instead of a row: what only one process at a time may do.

use diesel::QueryResult;
use diesel::define_sql_function;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

define_sql_function! {
    /// Takes the lock of that number for this session, unless somebody has it.
    fn pg_try_advisory_lock(number: BigInt) -> Bool;
}

/// Takes the lock of that number in this database, and tells whether it did: `false` while another
/// session has it. Does not wait. The lock ends with the connection.
pub(crate) async fn try_lock(connection: &mut AsyncPgConnection, number: i64) -> QueryResult<bool> {
    diesel::select(pg_try_advisory_lock(number))
        .get_result(connection)
        .await
}
