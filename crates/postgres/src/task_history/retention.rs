//! Removes expired tasks as a whole, in bounded batches.

mod statements;

use chrono::{DateTime, Utc};
use diesel::OptionalExtension;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::{
    ExpiredCounts, ListCursor, RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;

pub(super) use self::statements::{
    CountBeyond, CountExpired, Covered, LastKeptOfUser, LockBeyond, LockExpired, Remove, Window,
    WindowEnd,
};
use super::count::beyond_all;
use super::row::{amount, summary_value};
use crate::page_limit::one_beyond;

/// Counts what the policy covers.
pub(super) async fn expired(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
) -> Result<ExpiredCounts, StoreError> {
    let covered = Covered::of(policy, None);
    let (tasks, entries): (i64, i64) = if covered.keeps_newest() {
        Prepared(CountBeyond(covered)).get_result(connection).await
    } else {
        Prepared(CountExpired(covered)).get_result(connection).await
    }?;
    Ok(ExpiredCounts::new(amount(tasks), amount(entries)))
}

/// How many tasks one call checks at most, so that a call stays short in a store with many live
/// tasks.
pub(super) const WINDOW: i64 = 5_000;

/// Removes the next batch.
///
/// Locking and removing are separate statements: the second one sees what was committed while the
/// first one waited, so no entry of a removed task is left behind.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    batch: &RemovalLimits,
) -> Result<RemovalResult, StoreError> {
    connection
        .transaction(async |connection| {
            let covered = Covered::of(policy, batch.after.as_ref());
            let end = window_end(connection, &covered).await?;
            let beyond = || (covered.last_user().to_owned(), beyond_all());
            let window = Window {
                until: end.clone().unwrap_or_else(beyond),
                limit: one_beyond(batch.tasks),
                covered,
            };
            let mut locked = lock(connection, &window).await?;
            let found = locked.len();
            locked.truncate(batch.admits(locked.iter().map(|task| amount(task.entries))));
            let next = match (locked.last(), end) {
                (Some(last), _) if found > locked.len() => Some(last.place()?),
                (last, Some(end)) => {
                    Some(end_of_window(connection, &window.covered, last, end).await?)
                }
                (_, None) => None,
            };
            if locked.is_empty() {
                return Ok(RemovalResult::new(0, 0, next));
            }
            let keys = locked.iter().map(|task| (&*task.user, &*task.task));
            let (tasks, entries): (i64, i64) =
                Prepared(Remove::of(keys)).get_result(connection).await?;
            Ok(RemovalResult::new(amount(tasks), amount(entries), next))
        })
        .await
}

/// The last task that this call checks; `None` if it checks all remaining ones.
async fn window_end(
    connection: &mut AsyncPgConnection,
    covered: &Covered,
) -> Result<Option<(String, String)>, StoreError> {
    let end = Prepared(WindowEnd {
        covered,
        window: WINDOW,
    });
    Ok(end.get_result(connection).await.optional()?)
}

/// A task that is locked for removal.
struct Locked {
    user: String,
    task: String,
    entries: i64,
    /// The last of the newest tasks of its user, if the policy keeps the newest.
    last_kept: Option<(DateTime<Utc>, String)>,
}

impl Locked {
    fn place(&self) -> Result<RemovalCursor, StoreError> {
        let key = (self.user.clone(), self.task.clone());
        cursor(key, self.last_kept.clone())
    }
}

async fn lock(
    connection: &mut AsyncPgConnection,
    window: &Window,
) -> Result<Vec<Locked>, StoreError> {
    if !window.covered.keeps_newest() {
        let rows: Vec<(String, String, i64)> =
            Prepared(LockExpired(window)).load(connection).await?;
        let locked = rows.into_iter().map(|(user, task, entries)| Locked {
            user,
            task,
            entries,
            last_kept: None,
        });
        return Ok(locked.collect());
    }
    let rows: Vec<(String, String, i64, DateTime<Utc>, String)> =
        Prepared(LockBeyond::of(window)).load(connection).await?;
    let locked = rows
        .into_iter()
        .map(|(user, task, entries, kept_at, kept)| Locked {
            user,
            task,
            entries,
            last_kept: Some((kept_at, kept)),
        });
    Ok(locked.collect())
}

/// The cursor for the next call if this one has checked all its tasks.
async fn end_of_window(
    connection: &mut AsyncPgConnection,
    covered: &Covered,
    last: Option<&Locked>,
    end: (String, String),
) -> Result<RemovalCursor, StoreError> {
    if !covered.keeps_newest() {
        return cursor(end, None);
    }
    let user = end.0.as_str();
    let of_last = last
        .filter(|last| last.user == user)
        .and_then(|last| last.last_kept.clone());
    let mut last_kept = of_last.or_else(|| covered.last_kept_of(user));
    if last_kept.is_none() {
        let last_of_user = Prepared(LastKeptOfUser { covered, user });
        last_kept = last_of_user.get_result(connection).await.optional()?;
    }
    let mut next = cursor(end, last_kept)?;
    // All tasks of a user with fewer tasks are kept. The cursor records that, so that later calls
    // skip them.
    next.last_kept
        .get_or_insert(ListCursor::until(Timestamp::MIN));
    Ok(next)
}

fn cursor(
    key: (String, String),
    last_kept: Option<(DateTime<Utc>, String)>,
) -> Result<RemovalCursor, StoreError> {
    let shown = format!("{}/{}", key.0, key.1);
    let task = summary_value("task_id", &shown, key, |(user, task)| {
        TaskKey::new(user, task)
    })?;
    let last_kept = last_kept.map(|(at, task)| {
        Ok::<_, StoreError>(ListCursor {
            last_updated: summary_value("last_updated", &shown, at, Timestamp::from_datetime)?,
            task: summary_value("task_id", &shown, task, TaskId::new)?,
        })
    });
    Ok(RemovalCursor {
        task,
        last_kept: last_kept.transpose()?,
    })
}
