//! Makes waiting tasks ready again.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Jsonb, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::task::ResumeOutcome;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::answered::record_answered;
use super::get::get;
use super::locking::lock_task;
use crate::jsonb_result::SentDocument;
use crate::orchestration::write_log::replayed;

/// The member of a task's context that has what was answered to its questions.
const ANSWERS: &str = "answers";

/// Makes a waiting task ready, with answers in its context.
pub(super) async fn resume(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    answers: &Document,
    wait: LockWait,
) -> Result<ResumeOutcome, StoreError> {
    connection
        .transaction(async |connection| {
            let locked = lock_task(connection, key, wait).await?;
            if let Some(replay) = replayed(connection, &key.user, context.id).await? {
                replay.check(&[Action::TASK_RESUMED], EntityKind::Task, key.task.as_str())?;
                return replay.answer();
            }
            let Some(locked) = locked else {
                return Ok(ResumeOutcome::Unknown);
            };
            let state = locked.state;
            if state != TaskState::Waiting {
                return Ok(ResumeOutcome::NotWaiting { state });
            }
            resume_locked(connection, context, key, answers).await
        })
        .await
}

async fn resume_locked(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    answers: &Document,
) -> Result<ResumeOutcome, StoreError> {
    let task = get(connection, key).await?;
    let task = task.ok_or(StoreError::ConcurrentlyRemoved)?;
    let Ok(answered) = task.definition.context.merging(ANSWERS, answers) else {
        return Ok(ResumeOutcome::TooLarge);
    };
    let statement = Prepared(ResumeTask {
        task: key,
        at: context.at.to_datetime(),
        context: SentDocument(&answered),
    });
    statement.execute(connection).await?;
    let change = Change::resumed(&key.task, answers);
    let outcome = ResumeOutcome::Resumed;
    record_answered(connection, context, &key.user, &[change], &outcome).await?;
    Ok(outcome)
}

/// `resume_task.sql`.
#[derive(Debug)]
struct ResumeTask<'e> {
    task: &'e TaskKey,
    at: DateTime<Utc>,
    context: SentDocument<'e>,
}

impl Statement for ResumeTask<'_> {
    const SQL: &'static str = include_str!("../sql/resume_task.sql");
    type Columns = ();
    type Id = ResumeTask<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<Timestamptz, _>(&self.at),
            4 => out.push_bind_param::<Jsonb, _>(&self.context),
            other => unbound(other),
        }
    }
}
