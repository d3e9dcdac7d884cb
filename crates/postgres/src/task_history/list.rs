//! Lists the tasks of a user, page by page.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{
    ErrorCode, ListCursor, StepNumber, TaskFilter, TaskStatus, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::load::one_beyond;
use super::row::{self, amount, summary_value};

/// Lists tasks that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &TaskFilter,
    page: &PageRequest<ListCursor>,
) -> Result<Page<TaskSummary, ListCursor>, StoreError> {
    let list = List::of(user, filter, page);
    let rows: Vec<Row> = match &filter.error_code {
        None => Prepared(list).load(connection).await?,
        Some(code) => {
            Prepared(ListWithErrorCode {
                list,
                code: code.as_str(),
            })
            .load(connection)
            .await?
        }
    };
    let tasks: Vec<_> = rows
        .into_iter()
        .map(|row| summary(user, row))
        .collect::<Result<_, _>>()?;
    Ok(Page::of(tasks, page.size, ListCursor::of))
}

type Row = (
    String,
    String,
    Option<DateTime<Utc>>,
    Option<i32>,
    Option<String>,
    i64,
    DateTime<Utc>,
    DateTime<Utc>,
);

fn summary(user: &UserId, row: Row) -> Result<TaskSummary, StoreError> {
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

/// `list.sql` and `list_order.sql`.
#[derive(Debug)]
pub(super) struct List<'e> {
    user: &'e str,
    statuses: Vec<&'static str>,
    since: DateTime<Utc>,
    /// Only tasks that sort after this position. Task ids are never empty, so an empty one sorts
    /// after all tasks of that instant.
    before: (DateTime<Utc>, &'e str),
    limit: i64,
}

impl<'e> List<'e> {
    pub(super) fn of(
        user: &'e UserId,
        filter: &TaskFilter,
        page: &'e PageRequest<ListCursor>,
    ) -> Self {
        let end_of_time = Timestamp::MAX.to_datetime() + TimeDelta::microseconds(1);
        let until = (filter.until.map_or(end_of_time, Timestamp::to_datetime), "");
        let cursor = page.after.as_ref();
        let cursor = cursor.map(|place| (place.last_updated.to_datetime(), place.task.as_str()));
        Self {
            user: user.as_str(),
            statuses: filter.statuses.iter().map(TaskStatus::as_str).collect(),
            since: filter.since.unwrap_or(Timestamp::MIN).to_datetime(),
            before: cursor.map_or(until, |cursor| cursor.min(until)),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for List<'_> {
    const SQL: &'static str = concat!(
        include_str!("sql/list.sql"),
        include_str!("sql/list_order.sql")
    );
    type Columns = (
        Text,
        Text,
        Nullable<Timestamptz>,
        Nullable<Integer>,
        Nullable<Text>,
        BigInt,
        Timestamptz,
        Timestamptz,
    );
    type Id = List<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            2 => out.push_bind_param::<Text, _>(self.user),
            3 => out.push_bind_param::<Timestamptz, _>(&self.since),
            4 => out.push_bind_param::<Timestamptz, _>(&self.before.0),
            5 => out.push_bind_param::<Text, _>(self.before.1),
            6 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}

/// The same for tasks with an error code, which have a separate index.
#[derive(Debug)]
pub(super) struct ListWithErrorCode<'e> {
    pub(super) list: List<'e>,
    pub(super) code: &'e str,
}

impl Statement for ListWithErrorCode<'_> {
    const SQL: &'static str = concat!(
        include_str!("sql/list.sql"),
        include_str!("sql/list_with_error_code.sql"),
        include_str!("sql/list_order.sql"),
    );
    type Columns = <List<'static> as Statement>::Columns;
    type Id = ListWithErrorCode<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            7 => out.push_bind_param::<Text, _>(self.code),
            other => self.list.bind(other, out),
        }
    }
}
