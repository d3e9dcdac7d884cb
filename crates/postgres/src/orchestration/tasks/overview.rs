//! Converts the columns of a list to tasks without their documents.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz};
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::task::{Priority, TaskOverview, TaskProgress, Title};
use tasktrail_domain::{InvalidValue, TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;

use crate::error::corrupt;
use crate::orchestration::task_row::{instant_of, state_of, state_value, task_id_of};

/// The columns of an overview by their SQL types: id, title, parent, priority and progress.
pub(super) type OverviewColumns = (Text, Text, Nullable<Text>, Integer, ProgressColumns);

/// The values of [`OverviewColumns`].
pub(super) type OverviewRow = (String, String, Option<String>, i32, ProgressRow);

/// State, attempts, counted attempts, agent, open dependencies, when the task is due, was created
/// and changed, and error code.
pub(super) type ProgressColumns = (
    Text,
    Integer,
    Integer,
    Nullable<Text>,
    Integer,
    Nullable<Timestamptz>,
    Timestamptz,
    Timestamptz,
    Nullable<Text>,
);

/// The values of [`ProgressColumns`].
pub(super) type ProgressRow = (
    String,
    i32,
    i32,
    Option<String>,
    i32,
    Option<DateTime<Utc>>,
    DateTime<Utc>,
    DateTime<Utc>,
    Option<String>,
);

/// Converts the columns to an overview.
pub(super) fn overview_of(user: &UserId, row: OverviewRow) -> Result<TaskOverview, StoreError> {
    let (id, title, parent, priority, progress) = row;
    let task = task_id_of("task_state", id)?;
    let user = user.clone();
    let key = TaskKey { user, task };
    let refused = |column| {
        let key = &key;
        move |source: InvalidValue| corrupt("task", column, key, source)
    };
    let title = Title::new(title).map_err(refused("title"))?;
    let parent = parent.map(TaskId::new).transpose();
    let parent = parent.map_err(refused("parent_id"))?;
    let priority = Priority::new(priority.into()).map_err(refused("priority"))?;
    let progress = progress_of(&key, progress)?;
    Ok(TaskOverview::new(key, title, parent, priority, progress))
}

/// Converts the columns to the progress of a task.
pub(super) fn progress_of(key: &TaskKey, row: ProgressRow) -> Result<TaskProgress, StoreError> {
    let (state, attempts, counted_attempts, agent, open, due_at, created_at, changed_at, code) =
        row;
    let state = state_of(key, &state)?;
    let created_at = instant_of("created_at", key, created_at)?;
    let mut progress = TaskProgress::created(state, open.unsigned_abs(), created_at);
    progress.attempts = attempts.unsigned_abs();
    progress.counted_attempts = counted_attempts.unsigned_abs();
    let agent = agent.map(|agent| state_value("agent_id", key, agent, AgentId::new));
    progress.agent = agent.transpose()?;
    let due_at = due_at.map(|at| instant_of("due_at", key, at));
    progress.due_at = due_at.transpose()?;
    progress.changed_at = instant_of("changed_at", key, changed_at)?;
    let code = code.map(|code| state_value("error_code", key, code, |code| code.parse()));
    progress.error_code = code.transpose()?;
    Ok(progress)
}
