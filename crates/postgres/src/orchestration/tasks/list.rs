//! Lists the tasks of an owner, page by page.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{TaskCursor, TaskFilter, TaskOverview};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::overview::{OverviewColumns, OverviewRow, overview_of};
use crate::page_limit::one_beyond;

/// Lists tasks that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &TaskFilter,
    page: &PageRequest<TaskCursor>,
) -> Result<Page<TaskOverview, TaskCursor>, StoreError> {
    let list = ListTasks::of(user, filter, page);
    let rows: Vec<OverviewRow> = match &filter.parent {
        None => Prepared(list).load(connection).await?,
        Some(parent) => {
            let parent = parent.as_str();
            Prepared(ListParts { list, parent })
                .load(connection)
                .await?
        }
    };
    let tasks = rows.into_iter().map(|row| overview_of(user, row));
    let tasks = tasks.collect::<Result<_, _>>()?;
    Ok(Page::of(tasks, page.size, TaskCursor::of))
}

/// `list_tasks.sql`.
#[derive(Debug)]
pub(in crate::orchestration) struct ListTasks<'e> {
    user: &'e str,
    states: Vec<&'static str>,
    since: DateTime<Utc>,
    /// Only tasks that sort after this position. Ids are never empty, so an empty one sorts after
    /// all tasks of that instant.
    before: (DateTime<Utc>, &'e str),
    limit: i64,
}

impl<'e> ListTasks<'e> {
    fn of(user: &'e UserId, filter: &TaskFilter, page: &'e PageRequest<TaskCursor>) -> Self {
        let end_of_time = Timestamp::MAX.to_datetime() + TimeDelta::microseconds(1);
        let until = filter
            .created_until
            .map_or(end_of_time, Timestamp::to_datetime);
        let cursor = page.after.as_ref();
        let cursor = cursor.map(|place| (place.created_at.to_datetime(), place.task.as_str()));
        let since = filter.created_since.unwrap_or(Timestamp::MIN);
        Self {
            user: user.as_str(),
            states: filter.states.iter().map(TaskState::as_str).collect(),
            since: since.to_datetime(),
            before: cursor.map_or((until, ""), |cursor| cursor.min((until, ""))),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for ListTasks<'_> {
    const SQL: &'static str = include_str!("../sql/list_tasks.sql");
    type Columns = OverviewColumns;
    type Id = ListTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.states),
            3 => out.push_bind_param::<Timestamptz, _>(&self.since),
            4 => out.push_bind_param::<Timestamptz, _>(&self.before.0),
            5 => out.push_bind_param::<Text, _>(self.before.1),
            6 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}

/// `list_parts.sql`.
#[derive(Debug)]
pub(in crate::orchestration) struct ListParts<'e> {
    list: ListTasks<'e>,
    parent: &'e str,
}

impl Statement for ListParts<'_> {
    const SQL: &'static str = include_str!("../sql/list_parts.sql");
    type Columns = OverviewColumns;
    type Id = ListParts<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            7 => out.push_bind_param::<Text, _>(self.parent),
            other => self.list.bind(other, out),
        }
    }
}
