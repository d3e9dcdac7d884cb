//! The write path. A save is one statement and one round trip; a repeated save needs a second one.

mod batch;
mod statements;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{EntryConflict, HistoryEntry, SavedBatch, TaskStatus};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;
use uuid::Uuid;

pub(super) use self::batch::batch;
pub(super) use self::statements::{Save, Saved};
use super::row;
use crate::error::{conflict, corrupt, of_save};
use crate::jsonb_result::StoredResult;

/// How many entries one statement contains at most.
pub(super) const STATEMENT_ENTRIES: usize = 500;

/// How many bytes of step results one statement contains at most, unless a single result is larger.
pub(super) const STATEMENT_BYTES: usize = 16 << 20;

/// How often a save is retried if its task is removed concurrently.
pub(super) const ATTEMPTS: usize = 10;

/// Saves one entry.
pub(super) async fn one(
    connection: &mut AsyncPgConnection,
    entry: &HistoryEntry,
    wait: LockWait,
) -> Result<TaskStatus, StoreError> {
    for _ in 0..ATTEMPTS {
        match statement(connection, &[entry], wait).await {
            Err(StoreError::ConcurrentlyRemoved) => {}
            saved => {
                let status = saved?.statuses.get(&entry.task).copied();
                return status.ok_or(StoreError::ConcurrentlyRemoved);
            }
        }
    }
    Err(StoreError::ConcurrentlyRemoved)
}

/// Saves all entries or none. They must be sorted by task and have different ids.
///
/// [`StoreError::ConcurrentlyRemoved`] if an existing entry is removed with its task at the same
/// time.
async fn statement(
    connection: &mut AsyncPgConnection,
    entries: &[&HistoryEntry],
    wait: LockWait,
) -> Result<SavedBatch, StoreError> {
    let added = add(connection, entries, wait).await?;
    let present = not_added(entries, &added);
    let outcomes = recognise(connection, &present).await?;
    let mut saved = SavedBatch::default();
    for (entry, status) in entries.iter().zip(added) {
        if let Some(status) = status {
            saved.added += 1;
            saved.statuses.insert(entry.task.clone(), status);
        }
    }
    for (entry, outcome) in present.iter().zip(outcomes) {
        match outcome {
            Outcome::Saved(status) => saved.statuses.insert(entry.task.clone(), status),
            Outcome::Conflict => {
                return Err(conflict(EntryConflict::new(entry.id)));
            }
            Outcome::Gone => return Err(StoreError::ConcurrentlyRemoved),
        };
    }
    Ok(saved)
}

/// Saves each entry independently. They must be sorted by task and have different ids. Returns the
/// outcomes in the order of the entries. If existing entries cannot be read, they have no outcome,
/// and the error is returned in addition to the outcomes of the added ones, which remain saved.
pub(super) async fn each(
    connection: &mut AsyncPgConnection,
    entries: &[&HistoryEntry],
    wait: LockWait,
) -> Result<(Vec<Option<Outcome>>, Option<StoreError>), StoreError> {
    let added = add(connection, entries, wait).await?;
    let (recognised, failed) = match recognise(connection, &not_added(entries, &added)).await {
        Ok(recognised) => (recognised, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let mut recognised = recognised.into_iter();
    let outcome = |status: Option<_>| status.map(Outcome::Saved).or_else(|| recognised.next());
    Ok((added.into_iter().map(outcome).collect(), failed))
}

fn not_added<'e>(
    entries: &[&'e HistoryEntry],
    added: &[Option<TaskStatus>],
) -> Vec<&'e HistoryEntry> {
    let both = entries.iter().zip(added);
    both.filter(|(_, status)| status.is_none())
        .map(|(entry, _)| *entry)
        .collect()
}

/// The outcome of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is saved, and this is the status of its task.
    Saved(TaskStatus),
    /// A different entry has its id.
    Conflict,
    /// It existed, and was removed with its task concurrently.
    Gone,
}

/// Adds new entries. Returns the statuses of their tasks in the order of the entries, and `None`
/// for entries that already existed.
async fn add(
    connection: &mut AsyncPgConnection,
    entries: &[&HistoryEntry],
    wait: LockWait,
) -> Result<Vec<Option<TaskStatus>>, StoreError> {
    let save = Prepared(Save::of(entries, wait));
    let added: Vec<(String, Uuid, String)> = save.load(connection).await.map_err(of_save)?;
    let statuses: HashMap<(&str, Uuid), &str> = added
        .iter()
        .map(|(user, id, status)| ((user.as_str(), *id), status.as_str()))
        .collect();
    let status = |entry: &&HistoryEntry| {
        let status = statuses.get(&(entry.task.user.as_str(), entry.id.as_uuid()));
        status
            .map(|text| row::status(&entry.task, text))
            .transpose()
    };
    entries.iter().map(status).collect()
}

/// The outcomes of entries that already existed, in the same order.
async fn recognise(
    connection: &mut AsyncPgConnection,
    entries: &[&HistoryEntry],
) -> Result<Vec<Outcome>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<SavedRow> = Prepared(Saved::of(entries)).load(connection).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let (entry, status) = read(row)?;
        found.insert((entry.task.user.clone(), entry.id), (entry, status));
    }
    let outcome = |entry: &&HistoryEntry| match found.get(&(entry.task.user.clone(), entry.id)) {
        None => Outcome::Gone,
        Some((earlier, status)) if earlier.repeats(entry) => Outcome::Saved(*status),
        Some(_) => Outcome::Conflict,
    };
    Ok(entries.iter().map(outcome).collect())
}

type SavedRow = (
    String,
    Uuid,
    String,
    i32,
    DateTime<Utc>,
    StoredResult,
    String,
);

fn read(row: SavedRow) -> Result<(HistoryEntry, TaskStatus), StoreError> {
    let (user, entry_id, task, step, recorded_at, result, status) = row;
    let key = format!("{user}/{task}");
    let task = TaskKey::new(user, task)
        .map_err(|source| corrupt("task_history", "task_id", &key, source))?;
    let status = row::status(&task, &status)?;
    Ok((
        row::entry(task, (step, entry_id, recorded_at, result))?,
        status,
    ))
}
