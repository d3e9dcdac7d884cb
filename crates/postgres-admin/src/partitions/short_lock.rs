//! Locks on the table that block other sessions only briefly.

use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres_client::error::is_contention;
use tokio::time::Instant;

use super::PartitionError;
use super::deadline::Deadline;

/// Lock timeout of an attempt. A session that waits for a lock blocks all later sessions with a
/// conflicting lock, so each attempt is short and is repeated.
const WAIT: Duration = Duration::from_millis(100);

/// Lock timeout of every tenth attempt, if autovacuum may hold the lock: it gives way to a session
/// that waits for a second.
const LONG_WAIT: Duration = Duration::from_millis(1_200);

/// Lock timeout of the change itself, for objects other than the table.
const CHANGE_WAIT: Duration = Duration::from_secs(1);

/// Statement timeout of the change, while the table is locked.
pub(super) const CHANGE_LIMIT: Duration = Duration::from_secs(5);

/// Which sessions are blocked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// Sessions that write. Reads continue.
    Writers,
    /// All sessions.
    All,
}

/// Schedule of the attempts to lock the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockRetry {
    /// Time limit of all attempts.
    pub(super) in_all: Duration,
    /// Pause between two attempts, in which other sessions can proceed.
    pub(super) pause: Duration,
    /// Whether autovacuum may hold a lock on the table.
    pub(super) for_autovacuum: bool,
    /// Statement timeout of the change once the lock is held.
    pub(super) change: Duration,
    /// Deadline of everything, including the change.
    pub(super) end: Option<Instant>,
}

/// For changes that hold no other lock.
pub(super) const LONG_RETRY: LockRetry = LockRetry {
    in_all: Duration::from_secs(60),
    pause: Duration::from_millis(400),
    for_autovacuum: true,
    change: CHANGE_LIMIT,
    end: None,
};

/// For blocking writers, which hold their locks for milliseconds.
pub(super) const KEEPING_OUT: LockRetry = LockRetry {
    in_all: Duration::from_secs(5),
    pause: Duration::from_millis(400),
    for_autovacuum: false,
    change: CHANGE_LIMIT,
    end: None,
};

impl LockRetry {
    /// Limits the schedule to a deadline.
    pub(super) fn within(self, deadline: &Deadline) -> Result<Self, PartitionError> {
        let left = deadline.left()?;
        Ok(Self {
            in_all: self.in_all.min(left),
            end: Some(deadline.at()),
            ..self
        })
    }

    /// Shortens a duration so that it ends at the deadline.
    fn cut(&self, duration: Duration) -> Duration {
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        self.end.map_or(duration, |end| duration.min(left(end)))
    }
}

/// Changes the partitions in one transaction, with an exclusive lock on the table.
///
/// The statements only change catalogs, so the lock is held for milliseconds. The server cancels a
/// change that takes too long. Inside a transaction the lock is held until that ends.
pub(super) async fn change(
    connection: &mut AsyncPgConnection,
    statements: &str,
    retry: LockRetry,
) -> Result<(), PartitionError> {
    under(connection, Lock::All, statements, retry).await
}

/// Locks the table until the end of the current transaction.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    lock: Lock,
    retry: LockRetry,
) -> Result<(), PartitionError> {
    under(connection, lock, "", retry).await
}

async fn under(
    connection: &mut AsyncPgConnection,
    lock: Lock,
    statements: &str,
    retry: LockRetry,
) -> Result<(), PartitionError> {
    let started = Instant::now();
    for attempt in 1_u32.. {
        let is_long = retry.for_autovacuum && attempt % 10 == 0;
        let wait = if is_long { LONG_WAIT } else { WAIT };
        let (wait, change) = (retry.cut(wait), retry.cut(retry.change));
        match try_once(connection, lock, wait, change, statements).await {
            Err(error) if is_contention(&error) && started.elapsed() < retry.in_all => {
                tracing::debug!("the table is in use, trying again to lock it");
            }
            Err(error) if is_contention(&error) => break,
            other => return Ok(other?),
        }
        tokio::time::sleep(retry.cut(retry.pause)).await;
    }
    Err(PartitionError::Locked(retry.in_all))
}

async fn try_once(
    connection: &mut AsyncPgConnection,
    lock: Lock,
    wait: Duration,
    limit: Duration,
    statements: &str,
) -> QueryResult<()> {
    let mode = match lock {
        Lock::Writers => "SHARE ROW EXCLUSIVE",
        Lock::All => "ACCESS EXCLUSIVE",
    };
    let (limit, locks) = (
        limit.as_millis() + 1,
        CHANGE_WAIT.min(limit).as_millis() + 1,
    );
    // A single statement, so that one timeout covers the whole change.
    let change = match statements {
        "" => String::new(),
        statements => format!("DO $change$ BEGIN {statements}; END $change$"),
    };
    let locked = format!(
        "SET LOCAL lock_timeout = {}; LOCK TABLE ONLY task_history IN {mode} MODE; \
         SET LOCAL lock_timeout = {locks}; SET LOCAL statement_timeout = {limit}; \
         SET LOCAL idle_in_transaction_session_timeout = {limit}; {change}",
        wait.as_millis() + 1,
    );
    connection
        .transaction(async |connection| connection.batch_execute(&locked).await)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn late_attempt_is_limited_to_the_time_until_the_deadline() {
        let deadline = Deadline::begin();
        let retry = KEEPING_OUT.within(&deadline).unwrap();
        assert_eq!(retry.cut(retry.change), CHANGE_LIMIT);

        tokio::time::advance(CHANGE_LIMIT.saturating_sub(WAIT / 2)).await;
        assert_eq!(retry.cut(retry.change), WAIT / 2);
        assert_eq!(retry.cut(WAIT), WAIT / 2);
        assert_eq!(LONG_RETRY.cut(LONG_RETRY.change), CHANGE_LIMIT);

        tokio::time::advance(WAIT).await;
        assert_eq!(retry.cut(retry.pause), Duration::ZERO);
        assert!(KEEPING_OUT.within(&deadline).is_err());
    }
}
