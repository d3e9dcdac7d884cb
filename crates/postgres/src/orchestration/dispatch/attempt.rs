//! Reads an attempt, and the state of its task.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState, TaskState};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::{execution_instant, execution_state};
use crate::orchestration::task_row::state_of;

/// An attempt.
#[derive(Debug)]
pub(super) struct FoundAttempt {
    pub(super) state: ExecutionState,
    pub(super) deadline: Option<Timestamp>,
    /// The state of the task.
    pub(super) task: TaskState,
}

/// Reads an attempt; `None` if it does not exist.
pub(super) async fn attempt_of(
    connection: &mut AsyncPgConnection,
    key: &AttemptKey,
) -> Result<Option<FoundAttempt>, StoreError> {
    let select = Prepared(SelectAttempt {
        key,
        attempt: key.attempt.get(),
    });
    let row: Option<(String, Option<DateTime<Utc>>, String)> =
        select.get_result(connection).await.optional()?;
    let Some((state, deadline, task)) = row else {
        return Ok(None);
    };
    Ok(Some(FoundAttempt {
        state: execution_state(key, &state)?,
        deadline: execution_instant("deadline", key, deadline)?,
        task: state_of(&key.task, &task)?,
    }))
}

/// `attempt.sql`.
#[derive(Debug)]
pub(super) struct SelectAttempt<'e> {
    key: &'e AttemptKey,
    attempt: i32,
}

impl Statement for SelectAttempt<'_> {
    const SQL: &'static str = include_str!("../sql/attempt.sql");
    type Columns = (Text, Nullable<Timestamptz>, Text);
    type Id = SelectAttempt<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.key.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.key.task.task.as_str()),
            3 => out.push_bind_param::<Integer, _>(&self.attempt),
            other => unbound(other),
        }
    }
}
