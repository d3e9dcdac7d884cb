//! Removes ended tasks, in bounded batches.

mod statements;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::task::{RemovedTasks, TaskRetention};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::{InvalidValue, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{ChooseExpired, CountExpired, Covered, LockExpired, RemoveTasks};
use crate::error::corrupt;

/// A task by its owner and id.
type Key = (String, String);

/// Counts what a retention would remove.
pub(super) async fn expired(
    connection: &mut AsyncPgConnection,
    retention: &TaskRetention,
) -> Result<u64, StoreError> {
    let count = Prepared(CountExpired(Covered::of(retention)));
    let tasks: i64 = count.get_result(connection).await?;
    Ok(tasks.unsigned_abs())
}

/// Removes the next batch.
///
/// Locking, choosing and removing are separate statements: a later one sees what was committed
/// while the first one waited, so nothing comes to depend on a task that is removed.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    retention: &TaskRetention,
    batch: &PageRequest<TaskKey>,
) -> Result<RemovedTasks, StoreError> {
    connection
        .transaction(async |connection| {
            let mut covered = lock(connection, retention, batch).await?;
            let more = covered.len() > batch.size.get();
            covered.truncate(batch.size.get());
            let last = covered.last().filter(|_| more);
            let next = last.map(key_of).transpose()?;
            let removed = remove_locked(connection, &covered).await?;
            Ok(RemovedTasks::new(removed, next))
        })
        .await
}

/// Locks the next tasks that the retention covers, one more than the batch may examine.
async fn lock(
    connection: &mut AsyncPgConnection,
    retention: &TaskRetention,
    batch: &PageRequest<TaskKey>,
) -> Result<Vec<Key>, StoreError> {
    let lock = Prepared(LockExpired::of(retention, batch));
    Ok(lock.load(connection).await?)
}

/// Removes those of the locked tasks that nothing open needs. Returns how many.
async fn remove_locked(
    connection: &mut AsyncPgConnection,
    covered: &[Key],
) -> Result<u64, StoreError> {
    if covered.is_empty() {
        return Ok(0);
    }
    let choose = Prepared(ChooseExpired::of(covered));
    let chosen: Vec<Key> = choose.load(connection).await?;
    if chosen.is_empty() {
        return Ok(0);
    }
    let removed = Prepared(RemoveTasks::of(&chosen))
        .execute(connection)
        .await?;
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

fn key_of((user, task): &Key) -> Result<TaskKey, StoreError> {
    let key = TaskKey::new(user.clone(), task.clone());
    key.map_err(|source: InvalidValue| {
        corrupt(
            "task_state",
            "task_id",
            format_args!("{user}/{task}"),
            source,
        )
    })
}
