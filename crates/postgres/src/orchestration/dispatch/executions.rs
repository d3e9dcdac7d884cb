//! Lists executions, page by page.

pub(super) mod statements;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::dispatch::{
    CpuTime, Execution, ExecutionCursor, ExecutionFilter, MemoryUsage, ReportedError,
};
use tasktrail_domain::orchestration::task::Description;
use tasktrail_domain::orchestration::{AgentId, Attempt, AttemptKey, Instance, Payload};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::ErrorCode;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;
use uuid::Uuid;

use self::statements::{OfAgent, OfTask, OpenOfAgent, Range};
use super::row::{execution_instant, execution_state, execution_value};
use crate::error::corrupt;
use crate::jsonb_result::StoredJson;
use crate::page_limit::page_of;

/// Lists executions that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &ExecutionFilter,
    page: &PageRequest<ExecutionCursor>,
) -> Result<Page<Execution, ExecutionCursor>, StoreError> {
    let range = Range::of(user, filter, page);
    let rows: Vec<(i64, ExecutionRow)> = match filter {
        ExecutionFilter::OfTask(_) => Prepared(OfTask(range)).load(connection).await,
        ExecutionFilter::OfAgent(_) => Prepared(OfAgent(range)).load(connection).await,
        ExecutionFilter::OpenOfAgent(_) => Prepared(OpenOfAgent(range)).load(connection).await,
    }?;
    let item = |row| execution(user, row);
    page_of(rows, page.size, item, ExecutionCursor::of)
}

/// Which execution it is, when it did what, and its end.
type ExecutionRow = (KeyRow, TimesRow, EndRow);

/// The task, the attempt, the agent, its instance, and the state.
type KeyRow = (String, i32, String, Uuid, String);

/// When it was assigned, started and closed, and its deadline.
type TimesRow = (
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

/// The output, the code and the message of the error, the memory, and the CPU time.
type EndRow = (
    Option<StoredJson>,
    Option<String>,
    Option<String>,
    Option<i32>,
    Option<i64>,
);

fn execution(user: &UserId, row: ExecutionRow) -> Result<Execution, StoreError> {
    let (of, (assigned_at, started_at, closed_at, deadline), end) = row;
    let (task, attempt, agent, instance, state) = of;
    let task = execution_value("task_id", user, task, TaskId::new)?;
    let user = user.clone();
    let task = TaskKey { user, task };
    let attempt = execution_value("attempt", &task, attempt.into(), Attempt::new)?;
    let key = AttemptKey::new(task, attempt);
    let agent = execution_value("agent_id", &key, agent, AgentId::new)?;
    let instance = execution_value("instance", &key, instance, Instance::try_from)?;
    let assigned_at = execution_value("assigned_at", &key, assigned_at, Timestamp::from_datetime)?;
    let deadline = execution_instant("deadline", &key, deadline)?;
    let mut execution = Execution::assigned(key, agent, instance, assigned_at, deadline);
    let key = execution.key.clone();
    execution.state = execution_state(&key, &state)?;
    execution.started_at = execution_instant("started_at", &key, started_at)?;
    execution.closed_at = execution_instant("closed_at", &key, closed_at)?;
    ended(&mut execution, end)?;
    Ok(execution)
}

/// Adds what its agent reported.
fn ended(execution: &mut Execution, row: EndRow) -> Result<(), StoreError> {
    let (output, code, message, memory, cpu_time) = row;
    let key = &execution.key;
    execution.output = output.map(|json| payload(key, json)).transpose()?;
    let error = code.map(|code| error(key, code, message));
    execution.error = error.transpose()?;
    let memory = memory
        .map(|memory| execution_value("memory_usage_mb", key, memory.into(), MemoryUsage::new));
    execution.usage.memory = memory.transpose()?;
    let cpu_time = cpu_time.map(|time| execution_value("cpu_time_ms", key, time, CpuTime::new));
    execution.usage.cpu_time = cpu_time.transpose()?;
    Ok(())
}

fn payload(key: &AttemptKey, StoredJson(json): StoredJson) -> Result<Payload, StoreError> {
    let json = json.map_err(|source| corrupt("task_execution", "output", key, source))?;
    execution_value("output", key, json, Payload::try_from)
}

fn error(
    key: &AttemptKey,
    code: String,
    message: Option<String>,
) -> Result<ReportedError, StoreError> {
    let message = message.unwrap_or_default();
    Ok(ReportedError::new(
        execution_value("error_code", key, code, ErrorCode::new)?,
        execution_value("error_message", key, message, Description::new)?,
    ))
}
