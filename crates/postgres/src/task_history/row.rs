//! Converts columns to values of the domain.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use tasktrail_domain::InvalidValue;
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{EntryId, FinalStatus, HistoryEntry, StepNumber, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use uuid::Uuid;

use crate::error::corrupt;
use crate::jsonb_result::StoredResult;

/// The columns of an entry of a known task.
pub(super) type EntryColumns = (i32, Uuid, DateTime<Utc>, StoredResult);

/// Converts the columns to an entry.
pub(super) fn entry(task: TaskKey, columns: EntryColumns) -> Result<HistoryEntry, StoreError> {
    let (step, entry_id, recorded_at, StoredResult(step_result)) = columns;
    let key = || format!("{task} {entry_id}");
    let refused = |column| move |source| corrupt("task_history", column, key(), source);
    let id = EntryId::try_from(entry_id).map_err(refused("entry_id"))?;
    let step = StepNumber::new(step.into()).map_err(refused("step"))?;
    let recorded_at = Timestamp::from_datetime(recorded_at).map_err(refused("recorded_at"))?;
    let step_result =
        step_result.map_err(|source| corrupt("task_history", "result", key(), source))?;
    Ok(HistoryEntry::new(id, task, step, step_result, recorded_at))
}

/// Converts a column of a task's summary with `read`.
pub(super) fn summary_value<C, T>(
    column: &'static str,
    key: impl Display,
    value: C,
    read: impl FnOnce(C) -> Result<T, InvalidValue>,
) -> Result<T, StoreError> {
    read(value).map_err(|source| corrupt("task_summary", column, key, source))
}

/// Converts the status of a task.
pub(super) fn status(key: impl Display, status: &str) -> Result<TaskStatus, StoreError> {
    summary_value("status", key, status, str::parse)
}

/// Converts the status that a task was finished with.
pub(super) fn final_status(key: impl Display, status: &str) -> Result<FinalStatus, StoreError> {
    let read = |text: &str| {
        text.parse()
            .and_then(|status: TaskStatus| status.try_into())
    };
    summary_value("finished_status", key, status, read)
}

/// Converts a count, which is never negative.
pub(super) fn amount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
