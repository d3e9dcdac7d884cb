//! Reads the summary of a task.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::{ErrorCode, StepNumber, TaskSummary};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::{self, amount, summary_value};

/// Reads the summary by its primary key.
pub(super) async fn summary(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
) -> Result<Option<TaskSummary>, StoreError> {
    let query = Prepared(Summary(task));
    let found: Option<SummaryRow> = query.get_result(connection).await.optional()?;
    found.map(|row| of_row(&task.user, row)).transpose()
}

/// The columns of a summary of a known user, by their SQL types.
pub(super) type SummaryColumns = (
    Text,
    Text,
    Nullable<Timestamptz>,
    Nullable<Integer>,
    Nullable<Text>,
    BigInt,
    Timestamptz,
    Timestamptz,
);

/// The values of [`SummaryColumns`].
pub(super) type SummaryRow = (
    String,
    String,
    Option<DateTime<Utc>>,
    Option<i32>,
    Option<String>,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
);

/// Converts the columns to a summary.
pub(super) fn of_row(user: &UserId, row: SummaryRow) -> Result<TaskSummary, StoreError> {
    let (task, status, finished_at, last_step, error_code, entries, created_at, last_updated) = row;
    let task = summary_value("task_id", user, task, TaskId::new)?;
    let key = TaskKey {
        user: user.clone(),
        task,
    };
    let instant = |column, value| summary_value(column, &key, value, Timestamp::from_datetime);
    let status = row::status(&key, &status)?;
    let mut summary = TaskSummary::new(key.clone(), status, instant("created_at", created_at)?);
    summary.finished_at = finished_at
        .map(|at| instant("finished_at", at))
        .transpose()?;
    summary.last_step = last_step
        .map(|step| summary_value("last_step", &key, i64::from(step), StepNumber::new))
        .transpose()?;
    summary.error_code = error_code
        .map(|code| summary_value("error_code", &key, code, ErrorCode::new))
        .transpose()?;
    summary.entries = amount(entries);
    summary.last_updated = instant("last_updated", last_updated)?;
    Ok(summary)
}

/// `summary.sql`.
#[derive(Debug)]
pub(super) struct Summary<'e>(pub(super) &'e TaskKey);

impl Statement for Summary<'_> {
    const SQL: &'static str = include_str!("sql/summary.sql");
    type Columns = SummaryColumns;
    type Id = Summary<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.0.task.as_str()),
            other => unbound(other),
        }
    }
}
