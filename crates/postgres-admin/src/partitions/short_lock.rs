//! Locks of the table that hold others up for a moment at most.

use std::time::Duration;

use diesel::QueryResult;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tasktrail_postgres_client::error::is_contention;
use tokio::time::Instant;

use super::PartitionError;
use super::deadline::Deadline;

/// How long others may have to wait for one try. Whoever waits for a lock holds up everybody who comes
/// after him and needs one that does not go with it, so it is given up soon and asked for again.
const WAIT: Duration = Duration::from_millis(100);

/// How long every tenth try waits where an autovacuum may be in the way: a waiter of a second has it give
/// way.
const LONG_WAIT: Duration = Duration::from_millis(1_200);

/// How long the change itself may wait for what is locked besides the table.
const CHANGE_WAIT: Duration = Duration::from_secs(1);

/// How long the change itself may take while the table is locked.
pub(super) const CHANGE_LIMIT: Duration = Duration::from_secs(5);

/// Who is kept out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lock {
    /// Those who write; reading goes on.
    Writers,
    /// Everybody.
    Everybody,
}

/// How often it is tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockRetry {
    /// For so long.
    pub(super) in_all: Duration,
    /// Others are left alone for so long between two tries.
    pub(super) pause: Duration,
    /// Whether a table that an autovacuum may be at work on is locked.
    pub(super) for_autovacuum: bool,
    /// How long the change itself may take when the lock is had.
    pub(super) change: Duration,
    /// When all of it ends, the change included, whatever else may be left.
    pub(super) end: Option<Instant>,
}

/// For changes while which nothing else is held.
pub(super) const PATIENT: LockRetry = LockRetry {
    in_all: Duration::from_secs(60),
    pause: Duration::from_millis(400),
    for_autovacuum: true,
    change: CHANGE_LIMIT,
    end: None,
};

/// For keeping writers out, who are there for milliseconds.
pub(super) const KEEPING_OUT: LockRetry = LockRetry {
    in_all: Duration::from_secs(5),
    pause: Duration::from_millis(400),
    for_autovacuum: false,
    change: CHANGE_LIMIT,
    end: None,
};

impl LockRetry {
    /// The same, at most until a deadline.
    pub(super) fn within(self, deadline: &Deadline) -> Result<Self, PartitionError> {
        let left = deadline.left()?;
        Ok(Self {
            in_all: self.in_all.min(left),
            end: Some(deadline.at()),
            ..self
        })
    }

    /// A duration, cut at the end.
    fn cut(&self, duration: Duration) -> Duration {
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        self.end.map_or(duration, |end| duration.min(left(end)))
    }
}

/// Changes the partitions in one step, all or nothing, while nobody uses the table.
///
/// The statements only change catalogues, so the lock is held for milliseconds. The server ends a change
/// that takes too long. Inside a transaction the lock is held until that ends.
pub(super) async fn change(
    connection: &mut AsyncPgConnection,
    statements: &str,
    patience: LockRetry,
) -> Result<(), PartitionError> {
    under(connection, Lock::Everybody, statements, patience).await
}

/// Keeps others out until the transaction ends that is open.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    lock: Lock,
    patience: LockRetry,
) -> Result<(), PartitionError> {
    under(connection, lock, "", patience).await
}

async fn under(
    connection: &mut AsyncPgConnection,
    lock: Lock,
    statements: &str,
    patience: LockRetry,
) -> Result<(), PartitionError> {
    let started = Instant::now();
    for attempt in 1_u32.. {
        let is_long = patience.for_autovacuum && attempt % 10 == 0;
        let wait = if is_long { LONG_WAIT } else { WAIT };
        let (wait, change) = (patience.cut(wait), patience.cut(patience.change));
        match try_once(connection, lock, wait, change, statements).await {
            Err(error) if is_contention(&error) && started.elapsed() < patience.in_all => {
                tracing::debug!("the table is in use and cannot be locked for a moment");
            }
            Err(error) if is_contention(&error) => break,
            other => return Ok(other?),
        }
        tokio::time::sleep(patience.cut(patience.pause)).await;
    }
    Err(PartitionError::Locked(patience.in_all))
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
        Lock::Everybody => "ACCESS EXCLUSIVE",
    };
    let (limit, locks) = (
        limit.as_millis() + 1,
        CHANGE_WAIT.min(limit).as_millis() + 1,
    );
    // As one statement, which has one time limit.
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
    async fn a_late_try_has_only_what_is_left_until_the_deadline() {
        let deadline = Deadline::begin();
        let patience = KEEPING_OUT.within(&deadline).unwrap();
        assert_eq!(patience.cut(patience.change), CHANGE_LIMIT);

        tokio::time::advance(CHANGE_LIMIT.saturating_sub(WAIT / 2)).await;
        assert_eq!(patience.cut(patience.change), WAIT / 2);
        assert_eq!(patience.cut(WAIT), WAIT / 2);
        assert_eq!(PATIENT.cut(PATIENT.change), CHANGE_LIMIT);

        tokio::time::advance(WAIT).await;
        assert_eq!(patience.cut(patience.pause), Duration::ZERO);
        assert!(KEEPING_OUT.within(&deadline).is_err());
    }
}
