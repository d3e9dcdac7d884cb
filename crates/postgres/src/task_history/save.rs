//! The write path. A save is one statement and one round trip; a repeated save needs a second one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{
    EntryConflict, HistoryEntry, SavedBatch, TaskStatus, distinct_entries,
};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use super::row;
use crate::document::{Document, StoredDocument};
use crate::error::{conflict, corrupt, of_save};

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

/// Saves all entries or none, in one transaction of statements of bounded size.
pub(super) async fn batch(
    connection: &mut AsyncPgConnection,
    entries: &[HistoryEntry],
    wait: LockWait,
) -> Result<SavedBatch, StoreError> {
    let mut sorted = distinct_entries(entries).map_err(conflict)?;
    if sorted.is_empty() {
        return Ok(SavedBatch::default());
    }
    // By task, so that batches lock summaries in the same order. The sort is stable, so the entries
    // of a task are saved in the given order.
    sorted.sort_by_key(|entry| &entry.task);
    for _ in 0..ATTEMPTS {
        match transaction(connection, &sorted, wait).await {
            // Repeat the whole batch: otherwise entries that were removed would be saved after
            // later ones.
            Err(StoreError::ConcurrentlyRemoved) => {}
            saved => return saved,
        }
    }
    Err(StoreError::ConcurrentlyRemoved)
}

async fn transaction(
    connection: &mut AsyncPgConnection,
    sorted: &[&HistoryEntry],
    wait: LockWait,
) -> Result<SavedBatch, StoreError> {
    connection
        .transaction(async |connection| {
            let mut total = SavedBatch::default();
            for entries in bounded(sorted) {
                let saved = statement(connection, entries, wait).await?;
                total.added += saved.added;
                total.statuses.extend(saved.statuses);
            }
            Ok(total)
        })
        .await
}

/// Splits entries into groups for one statement each.
fn bounded<'a, 'e>(entries: &'a [&'e HistoryEntry]) -> Vec<&'a [&'e HistoryEntry]> {
    let mut statements = Vec::new();
    let (mut begin, mut bytes) = (0, 0_usize);
    for (index, entry) in entries.iter().enumerate() {
        let size = entry.step_result.size_bytes();
        let full =
            index - begin == STATEMENT_ENTRIES || bytes.saturating_add(size) > STATEMENT_BYTES;
        if full && index > begin {
            statements.extend(entries.get(begin..index));
            (begin, bytes) = (index, 0);
        }
        bytes = bytes.saturating_add(size);
    }
    statements.extend(entries.get(begin..));
    statements
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
                return Err(conflict(EntryConflict { id: entry.id }));
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
    StoredDocument,
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

/// `save.sql`, with one array parameter per column.
#[derive(Debug, Default)]
pub(super) struct Save<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    steps: Vec<i32>,
    ids: Vec<Uuid>,
    times: Vec<DateTime<Utc>>,
    statuses: Vec<&'static str>,
    error_codes: Vec<Option<&'e str>>,
    results: Vec<Document<'e>>,
    lock_timeout: Option<String>,
}

impl<'e> Save<'e> {
    pub(super) fn of(entries: &[&'e HistoryEntry], wait: LockWait) -> Self {
        let mut save = Self {
            lock_timeout: wait.setting(),
            ..Self::default()
        };
        for entry in entries {
            let step_result = &entry.step_result;
            save.users.push(entry.task.user.as_str());
            save.tasks.push(entry.task.task.as_str());
            save.steps.push(entry.step.get());
            save.ids.push(entry.id.as_uuid());
            save.times.push(entry.recorded_at.to_datetime());
            save.statuses.push(step_result.status().as_str());
            save.error_codes
                .push(step_result.error_code().map(AsRef::as_ref));
            save.results.push(Document(step_result));
        }
        save
    }
}

impl Statement for Save<'_> {
    const SQL: &'static str = include_str!("sql/save.sql");
    type Columns = (Text, SqlUuid, Text);
    type Id = Save<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.steps),
            4 => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            5 => out.push_bind_param::<Array<Timestamptz>, _>(&self.times),
            6 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            7 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error_codes),
            8 => out.push_bind_param::<Array<Jsonb>, _>(&self.results),
            9 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `saved.sql`, which reads entries that already existed, by id.
#[derive(Debug)]
pub(super) struct Saved<'e> {
    users: Vec<&'e str>,
    ids: Vec<Uuid>,
}

impl<'e> Saved<'e> {
    pub(super) fn of(entries: &[&'e HistoryEntry]) -> Self {
        Self {
            users: entries
                .iter()
                .map(|entry| entry.task.user.as_str())
                .collect(),
            ids: entries.iter().map(|entry| entry.id.as_uuid()).collect(),
        }
    }
}

impl Statement for Saved<'_> {
    const SQL: &'static str = include_str!("sql/saved.sql");
    type Columns = (Text, SqlUuid, Text, Integer, Timestamptz, Jsonb, Text);
    type Id = Saved<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            other => unbound(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tasktrail_domain::task_history::{EntryId, ResultLimit, StepNumber, TaskStepResult};
    use tasktrail_domain::timestamp::Timestamp;

    use super::*;

    fn entry(bytes: usize) -> HistoryEntry {
        let large = TaskStepResult::builder("step", TaskStatus::Running)
            .result(Value::from("x".repeat(bytes)))
            .limit(ResultLimit::UNLIMITED);
        HistoryEntry {
            id: EntryId::derived(Timestamp::default(), [0; 10]),
            task: TaskKey::new("user", "task").unwrap(),
            step: StepNumber::MIN,
            step_result: large.build().unwrap(),
            recorded_at: Timestamp::default(),
        }
    }

    #[test]
    fn statement_has_limited_entries_and_bytes() {
        let lengths = |entries: &[HistoryEntry]| {
            let entries: Vec<_> = entries.iter().collect();
            bounded(&entries)
                .iter()
                .map(|part| part.len())
                .collect::<Vec<_>>()
        };
        let mebibytes = |number: usize| entry(number << 20);

        assert_eq!(lengths(&vec![entry(1); 1001]), [500, 500, 1]);
        assert_eq!(
            lengths(&[mebibytes(9), mebibytes(9), mebibytes(3), entry(1)]),
            [1, 3]
        );
        assert_eq!(lengths(&[entry(1), mebibytes(17), entry(1)]), [1, 1, 1]);
    }
}
