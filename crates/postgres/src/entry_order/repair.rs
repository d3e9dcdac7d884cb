//! Repairs the sequence.

use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::is_contention;
use tokio::time::Instant;

use super::misplaced::SuspectTask;
use super::{EVERYWHERE, EntryOrder, connect, misplaced, next, order, place};
use crate::error::{MigrateError, unread};
use crate::ownership::other_owner;

/// How long to try to lock the table.
const RETRY_FOR: Duration = Duration::from_secs(60);

/// Lock timeout of an attempt. Saves wait behind it.
const WAIT: Duration = Duration::from_millis(100);

/// Pause between two attempts, in which saves can proceed.
const PAUSE: Duration = Duration::from_millis(400);

/// The result of a repair of the entry order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderRepair {
    /// The order before the repair.
    pub before: EntryOrder,
    /// The id of the next entry after the repair. Unchanged if the sequence was not behind.
    pub next: i64,
    /// Number of tasks with a step whose newest revision was recorded more than 5 minutes before
    /// another revision of that step, and also has a smaller entry id. Such revisions were saved
    /// while the sequence was behind, or arrived late, as imported ones do. The two cases cannot be
    /// distinguished, so these tasks are not changed.
    pub suspect_tasks: u64,
    /// The first 20 of them, ordered by key.
    pub first_suspect_tasks: Vec<SuspectTask>,
}

/// Sets the sequence to the greatest id if it is behind, and finds suspect tasks.
pub(crate) async fn repair(connector: &Connector) -> Result<OrderRepair, MigrateError> {
    let mut connection = connect(connector, Duration::ZERO).await?;
    if let Some(owner) = other_owner(&mut connection).await.map_err(unread)? {
        return Err(MigrateError::NotOwner { owner });
    }
    let place = place(&mut connection).await.map_err(unread)?;
    let Some(sequence) = place.sequence else {
        return Ok(OrderRepair::default());
    };
    let before = order(&mut connection, &sequence, EVERYWHERE).await;
    let before = before.map_err(unread)?;
    let next = match before.greatest {
        Some(greatest) if before.is_behind() => {
            advance(&mut connection, &sequence, greatest).await?
        }
        _ => before.next,
    };
    let (suspect_tasks, first_suspect_tasks) = misplaced::suspect_tasks(&mut connection)
        .await
        .map_err(unread)?;
    Ok(OrderRepair {
        before,
        next,
        suspect_tasks,
        first_suspect_tasks,
    })
}

/// Sets the sequence while saves are blocked, and returns the next id.
async fn advance(
    connection: &mut AsyncPgConnection,
    sequence: &str,
    greatest: i64,
) -> Result<i64, MigrateError> {
    let started = Instant::now();
    loop {
        match try_once(connection, sequence, greatest).await {
            Err(error) if is_contention(&error) => {
                if started.elapsed() >= RETRY_FOR {
                    return Err(MigrateError::Busy(RETRY_FOR));
                }
            }
            other => return other.map_err(unread),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The lock waits for saves in progress, so no save takes an id between the check and the change.
async fn try_once(
    connection: &mut AsyncPgConnection,
    sequence: &str,
    greatest: i64,
) -> diesel::QueryResult<i64> {
    let lock = format!(
        "SET LOCAL lock_timeout = {}; LOCK TABLE ONLY task_history IN SHARE ROW EXCLUSIVE MODE",
        WAIT.as_millis()
    );
    connection
        .transaction(async |connection| {
            connection.batch_execute(&lock).await?;
            if next(connection, sequence).await? <= greatest {
                diesel::sql_query("SELECT setval($1::regclass, $2)")
                    .bind::<Text, _>(sequence)
                    .bind::<BigInt, _>(greatest)
                    .execute(connection)
                    .await?;
            }
            next(connection, sequence).await
        })
        .await
}
