//! Changes of the table that nobody may see half done.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::Instant;

use super::PartitionError;
use crate::error::is_contention;

/// How long others may have to wait for one try. A waiting exclusive lock holds up everybody who comes
/// after it, readers as well, so it is given up soon and asked for again.
const WAIT: Duration = Duration::from_millis(100);

/// How long every tenth try waits: a waiter of a second has an autovacuum give way, which holds up nobody
/// else.
const LONG_WAIT: Duration = Duration::from_millis(1_200);

/// How long others are left alone between two tries.
const PAUSE: Duration = Duration::from_millis(400);

/// How long it is tried, unless other locks are held meanwhile.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// How long the change itself may wait for what is locked besides the table.
const CHANGE_WAIT: Duration = Duration::from_secs(1);

/// Changes the partitions in one step, all or nothing, while nobody uses the table.
///
/// The statements only change catalogues, so the lock is held for milliseconds. Inside a transaction it is
/// held until that ends.
pub(super) async fn change(
    connection: &mut AsyncPgConnection,
    statements: &str,
    patience: Duration,
) -> Result<(), PartitionError> {
    let started = Instant::now();
    for attempt in 1_u32.. {
        let wait = if attempt % 10 == 0 { LONG_WAIT } else { WAIT };
        let locked = format!(
            "SET LOCAL lock_timeout = {}; LOCK TABLE ONLY task_history IN ACCESS EXCLUSIVE MODE; \
             SET LOCAL lock_timeout = {}; {statements}",
            wait.as_millis(),
            CHANGE_WAIT.as_millis(),
        );
        let changed = connection
            .transaction(async |connection| connection.batch_execute(&locked).await)
            .await;
        match changed {
            Err(error) if is_contention(&error) && started.elapsed() < patience => {
                tracing::debug!("the table is in use and cannot be locked for a moment");
            }
            Err(error) if is_contention(&error) => break,
            other => return Ok(other?),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(PartitionError::Locked(patience))
}
