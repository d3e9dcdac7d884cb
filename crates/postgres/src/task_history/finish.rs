//! Finishes a task. Only the first finish has an effect.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Nullable, Text, Timestamptz};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{FinalStatus, FinishOutcome, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row;
use crate::schema::task_summary;

/// How often a finish is retried if its task is removed concurrently.
const ATTEMPTS: usize = 10;

/// Finishes a task. If it is already finished, a second query reads its status.
pub(super) async fn finish(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    status: FinalStatus,
    at: Timestamp,
    wait: LockWait,
) -> Result<FinishOutcome, StoreError> {
    for _ in 0..ATTEMPTS {
        let statement = Prepared(Finish::of(task, status, at, wait));
        // Read all rows: an error after the first row would mean that the finish is rolled back.
        let finished: Vec<Option<String>> = statement.load(connection).await?;
        let finished = finished.into_iter().next();
        if let Some(previous) = finished {
            let previous = previous.map(|text| row::status(task, &text)).transpose()?;
            return Ok(FinishOutcome::Finished { previous });
        }
        if let Some((status, at)) = how_finished(connection, task).await? {
            return Ok(FinishOutcome::AlreadyFinished { status, at });
        }
    }
    Err(StoreError::ConcurrentlyRemoved)
}

async fn how_finished(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
) -> Result<Option<(FinalStatus, Timestamp)>, StoreError> {
    let found: Option<(Option<String>, Option<DateTime<Utc>>)> = task_summary::table
        .select((task_summary::finished_status, task_summary::finished_at))
        .filter(task_summary::user_id.eq(task.user.as_str()))
        .filter(task_summary::task_id.eq(task.task.as_str()))
        .first(connection)
        .await
        .optional()?;
    // A check constraint ensures that both are set or neither is.
    let Some((Some(status), Some(at))) = found else {
        return Ok(None);
    };
    let at = row::summary_value("finished_at", task, at, Timestamp::from_datetime)?;
    Ok(Some((row::final_status(task, &status)?, at)))
}

/// `finish.sql`.
#[derive(Debug)]
pub(super) struct Finish<'e> {
    user: &'e str,
    task: &'e str,
    status: &'static str,
    at: DateTime<Utc>,
    lock_timeout: Option<String>,
}

impl<'e> Finish<'e> {
    pub(super) fn of(
        task: &'e TaskKey,
        status: FinalStatus,
        at: Timestamp,
        wait: LockWait,
    ) -> Self {
        Self {
            user: task.user.as_str(),
            task: task.task.as_str(),
            status: TaskStatus::from(status).as_str(),
            at: at.to_datetime(),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for Finish<'_> {
    const SQL: &'static str = include_str!("sql/finish.sql");
    type Columns = Nullable<Text>;
    type Id = Finish<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.task),
            3 => out.push_bind_param::<Text, _>(self.status),
            4 => out.push_bind_param::<Timestamptz, _>(&self.at),
            5 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
