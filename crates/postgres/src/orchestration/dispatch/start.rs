//! Marks attempts as running.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::audit::{Action, EntityKind};
use tasktrail_domain::orchestration::dispatch::StartOutcome;
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState};
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::attempt::attempt_of;
use super::bound_context::BoundContext;
use super::row::execution_instant;
use crate::orchestration::write_log::replayed;

/// Starts an assigned attempt with one statement. If it is not assigned, reads why.
pub(super) async fn start(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    attempt: &AttemptKey,
    wait: LockWait,
) -> Result<StartOutcome, StoreError> {
    let statement = Prepared(StartAttempt::of(context, attempt, wait));
    // Read all rows: an error after the first row would mean that the start is rolled back.
    let started: Vec<Option<DateTime<Utc>>> = statement.load(connection).await?;
    if let Some(deadline) = started.into_iter().next() {
        let deadline = execution_instant("deadline", attempt, deadline)?;
        return Ok(StartOutcome::Started { deadline });
    }
    let earlier = replayed(connection, &attempt.task.user, context.id).await?;
    if let Some(earlier) = &earlier {
        let task = attempt.task.task.as_str();
        earlier.check(&[Action::TASK_STARTED], EntityKind::Task, task)?;
    }
    let Some(found) = attempt_of(connection, attempt).await? else {
        return Ok(StartOutcome::Unknown);
    };
    // Only a start moves the deadline, so that of a repetition is the one of the first call.
    if earlier.is_some() || found.state == ExecutionState::Running {
        let deadline = found.deadline;
        return Ok(StartOutcome::Started { deadline });
    }
    Ok(StartOutcome::Closed { state: found.state })
}

/// `start.sql`.
#[derive(Debug)]
pub(super) struct StartAttempt<'e> {
    attempt: &'e AttemptKey,
    number: i32,
    context: BoundContext<'e>,
    lock_timeout: Option<String>,
}

impl<'e> StartAttempt<'e> {
    fn of(context: &'e WriteContext, attempt: &'e AttemptKey, wait: LockWait) -> Self {
        Self {
            attempt,
            number: attempt.attempt.get(),
            context: BoundContext::of(context),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for StartAttempt<'_> {
    const SQL: &'static str = include_str!("../sql/start.sql");
    type Columns = Nullable<Timestamptz>;
    type Id = StartAttempt<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.attempt.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.attempt.task.task.as_str()),
            3 => out.push_bind_param::<Integer, _>(&self.number),
            4 => out.push_bind_param::<Timestamptz, _>(&self.context.at),
            5 => out.push_bind_param::<SqlUuid, _>(&self.context.id),
            6 => out.push_bind_param::<Text, _>(&self.context.actor),
            7 => out.push_bind_param::<Nullable<Text>, _>(&self.context.note),
            8 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
