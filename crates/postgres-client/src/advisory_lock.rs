//! Advisory locks: numbered locks for work that only one process may do at a time.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use diesel::QueryResult;
use diesel::define_sql_function;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio::time::Instant;

use crate::config::Pooler;
use crate::connection::Connector;

define_sql_function! {
    /// Acquires the lock for this session, unless another session holds it.
    fn pg_try_advisory_lock(number: BigInt) -> Bool;
}

define_sql_function! {
    /// Acquires the lock until the end of the transaction, unless another session holds it.
    fn pg_try_advisory_xact_lock(number: BigInt) -> Bool;
}

/// A lock in a database. It is released when this is dropped and the connection that was given to
/// [`hold`] is closed.
pub struct HeldLock {
    /// The transaction that holds the lock; `None` if the session of the given connection holds it.
    transaction: Option<AsyncPgConnection>,
}

impl HeldLock {
    /// Whether another connection than the given one holds the lock. A transaction on the given
    /// connection would then wait for the lock forever.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.transaction.is_some()
    }

    /// Checks that the lock is still held. The lock of a session is held for as long as its
    /// connection works, so that this checks nothing there.
    ///
    /// # Errors
    ///
    /// If the connection that holds the lock was lost.
    pub async fn check(&mut self) -> QueryResult<()> {
        match &mut self.transaction {
            Some(transaction) => transaction.batch_execute("SELECT 1").await,
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldLock").finish_non_exhaustive()
    }
}

/// Starts the transaction that holds a lock. No limit may end it while the work takes place on
/// other connections. It reads no table, because it would lock it. PostgreSQL before 17 has no
/// `transaction_timeout`.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SELECT set_config('transaction_timeout', '0', true)
    WHERE current_setting('transaction_timeout', true) IS NOT NULL";

/// Releases the snapshot of the query that acquired the lock, which the server keeps until the next
/// query. Vacuum and concurrent index builds would wait for it.
const RELEASE_SNAPSHOT: &str = "SELECT 1";

/// Acquires a lock for work on `connection`, or returns `None` if another process holds it until
/// `timeout` has passed. With a timeout of zero, tries once.
///
/// The lock belongs to the session of the connection. Behind a pooler in transaction mode it would
/// stay behind in a session that other clients use. There it belongs to an open transaction on a
/// second connection.
///
/// # Errors
///
/// If the second connection cannot be opened, or a query fails.
pub async fn hold(
    connector: &Connector,
    connection: &mut AsyncPgConnection,
    number: i64,
    timeout: Duration,
) -> Result<Option<HeldLock>, Box<dyn Error + Send + Sync>> {
    if connector.config().pooler() == Pooler::None {
        let is_held = lock_within(connection, number, timeout).await?;
        return Ok(is_held.then_some(HeldLock { transaction: None }));
    }
    let mut transaction = connector.open_alone(Duration::ZERO).await?;
    let started = Instant::now();
    loop {
        transaction.batch_execute(BEGIN).await?;
        let lock = diesel::select(pg_try_advisory_xact_lock(number));
        if lock.get_result(&mut transaction).await? {
            transaction.batch_execute(RELEASE_SNAPSHOT).await?;
            let transaction = Some(transaction);
            return Ok(Some(HeldLock { transaction }));
        }
        transaction.batch_execute("ROLLBACK").await?;
        if started.elapsed() >= timeout {
            return Ok(None);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Interval between two attempts to acquire a lock.
const POLL: Duration = Duration::from_millis(50);

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
async fn lock_within(
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
        tokio::time::sleep(POLL).await;
    }
}
