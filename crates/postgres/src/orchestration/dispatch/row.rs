//! Converts columns of executions and presences to values of the domain.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use tasktrail_domain::InvalidValue;
use tasktrail_domain::orchestration::ExecutionState;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;

use crate::error::corrupt;

/// Converts a column of `task_execution` with `read`.
pub(super) fn execution_value<C, T>(
    column: &'static str,
    key: impl Display,
    value: C,
    read: impl FnOnce(C) -> Result<T, InvalidValue>,
) -> Result<T, StoreError> {
    read(value).map_err(|source| corrupt("task_execution", column, key, source))
}

/// Converts the state of an execution.
pub(super) fn execution_state(
    key: impl Display,
    state: &str,
) -> Result<ExecutionState, StoreError> {
    execution_value("state", key, state, str::parse)
}

/// Converts an instant of an execution that may be absent.
pub(super) fn execution_instant(
    column: &'static str,
    key: impl Display,
    at: Option<DateTime<Utc>>,
) -> Result<Option<Timestamp>, StoreError> {
    let instant = at.map(|at| execution_value(column, key, at, Timestamp::from_datetime));
    instant.transpose()
}

/// Converts a column of `agent_presence` with `read`.
pub(super) fn presence_value<C, T>(
    column: &'static str,
    key: impl Display,
    value: C,
    read: impl FnOnce(C) -> Result<T, InvalidValue>,
) -> Result<T, StoreError> {
    read(value).map_err(|source| corrupt("agent_presence", column, key, source))
}
