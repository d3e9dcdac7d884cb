//! Converts columns of the tables of tasks to values of the domain.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::When;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{InvalidValue, TaskId};
use tasktrail_postgres_client::error::StoreError;

use crate::error::corrupt;

/// Converts the id of a task.
pub(super) fn task_id_of(table: &'static str, id: String) -> Result<TaskId, StoreError> {
    let shown = id.clone();
    TaskId::new(id).map_err(|source| corrupt(table, "task_id", shown, source))
}

/// Converts a column of `task_state` with `read`.
pub(super) fn state_value<C, T>(
    column: &'static str,
    key: impl Display,
    value: C,
    read: impl FnOnce(C) -> Result<T, InvalidValue>,
) -> Result<T, StoreError> {
    read(value).map_err(|source| corrupt("task_state", column, key, source))
}

/// Converts the state of a task.
pub(super) fn state_of(key: impl Display, state: &str) -> Result<TaskState, StoreError> {
    state_value("state", key, state, str::parse)
}

/// Converts an instant of `task_state`.
pub(super) fn instant_of(
    column: &'static str,
    key: impl Display,
    at: DateTime<Utc>,
) -> Result<Timestamp, StoreError> {
    state_value(column, key, at, Timestamp::from_datetime)
}

/// Converts what a dependency waits for.
pub(super) fn when_of(key: impl Display, when: &str) -> Result<When, StoreError> {
    when.parse()
        .map_err(|source: InvalidValue| corrupt("task_dependency", "waits_for", key, source))
}
