//! Putting the sequence right.

use std::time::Duration;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::is_contention;
use tokio::time::Instant;

use super::{EVERYWHERE, EntryOrder, connect, misplaced, next, order, place};
use crate::error::MigrateError;
use crate::migrate::unread;
use crate::ownership::other_owner;

/// For how long saves are asked to make room, in all.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long saves may have to wait behind one try.
const WAIT: Duration = Duration::from_millis(100);

/// How long saves are left alone between two tries.
const PAUSE: Duration = Duration::from_millis(400);

/// What a repair of the order found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrderRepair {
    /// How the ids stood.
    pub before: EntryOrder,
    /// The id that the next entry gets now. As before, if the sequence was not behind.
    pub next: i64,
    /// How many tasks have a step whose newest revision was recorded before another one of the step, by
    /// more than 5 minutes and by the order of the entry ids. They may have been saved while the sequence
    /// was behind, or came late, as imported ones do: nobody can tell, so they are left as they are.
    pub tasks_in_doubt: u64,
    /// The first 20 of them in the order of their keys.
    pub first_in_doubt: Vec<TaskInDoubt>,
}

/// A task whose revisions may be in the wrong order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskInDoubt {
    /// Whose task it is.
    pub user_id: String,
    /// The task among those of its user.
    pub task_id: String,
}

/// Sets the sequence behind the greatest id, unless it is there, and looks for tasks in doubt.
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
    let in_doubt = misplaced::in_doubt(&mut connection).await.map_err(unread)?;
    Ok(OrderRepair {
        before,
        next,
        tasks_in_doubt: in_doubt.0,
        first_in_doubt: in_doubt.1,
    })
}

/// Sets the sequence while nobody saves; gives the next id.
async fn advance(
    connection: &mut AsyncPgConnection,
    sequence: &str,
    greatest: i64,
) -> Result<i64, MigrateError> {
    let started = Instant::now();
    loop {
        match try_once(connection, sequence, greatest).await {
            Err(error) if is_contention(&error) => {
                if started.elapsed() >= PATIENCE {
                    return Err(MigrateError::Busy(PATIENCE));
                }
            }
            other => return other.map_err(unread),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// No save is under way behind the lock, so none takes an id between the look and the change.
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
