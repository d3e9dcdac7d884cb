//! Lists the tasks of a user, page by page.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::repository::{Page, PageRequest, PageSize};
use tasktrail_domain::task_history::{ListCursor, TaskFilter, TaskStatus, TaskSummary};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::summary::{SummaryColumns, SummaryRow, of_row};
use crate::page_limit::one_beyond;

/// Lists tasks that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &TaskFilter,
    page: &PageRequest<ListCursor>,
) -> Result<Page<TaskSummary, ListCursor>, StoreError> {
    let list = List::of(user, filter, page);
    let rows: Vec<SummaryRow> = match &filter.error_code {
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
        .map(|row| of_row(user, row))
        .collect::<Result<_, _>>()?;
    Ok(Page::of(tasks, page.size, ListCursor::of))
}

/// `list.sql`.
#[derive(Debug)]
pub(super) struct List<'e> {
    user: &'e str,
    statuses: Vec<&'static str>,
    /// Only finished tasks, or only open ones.
    finished: Option<bool>,
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
        Self::starting(user.as_str(), filter, page.after.as_ref(), page.size)
    }

    /// The tasks of a user after a cursor.
    pub(super) fn starting(
        user: &'e str,
        filter: &TaskFilter,
        after: Option<&'e ListCursor>,
        size: PageSize,
    ) -> Self {
        let until = (until(filter), "");
        let cursor = after.map(|place| (place.last_updated.to_datetime(), place.task.as_str()));
        // Pending and running tasks are never finished.
        let statuses = filter.statuses.iter();
        let statuses = statuses.filter(|s| filter.finished != Some(true) || s.is_terminal());
        Self {
            user,
            statuses: statuses.map(TaskStatus::as_str).collect(),
            finished: filter.finished,
            since: filter.since.unwrap_or(Timestamp::MIN).to_datetime(),
            before: cursor.map_or(until, |cursor| cursor.min(until)),
            limit: one_beyond(size),
        }
    }
}

/// The end of the instants that a filter accepts.
pub(super) fn until(filter: &TaskFilter) -> DateTime<Utc> {
    let end_of_time = Timestamp::MAX.to_datetime() + TimeDelta::microseconds(1);
    filter.until.map_or(end_of_time, Timestamp::to_datetime)
}

impl Statement for List<'_> {
    const SQL: &'static str = concat!(
        include_str!("sql/list.sql"),
        include_str!("sql/list_ranges.sql"),
        include_str!("sql/list_of_user.sql"),
        include_str!("sql/list_order.sql")
    );
    type Columns = SummaryColumns;
    type Id = List<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            2 => out.push_bind_param::<Text, _>(self.user),
            3 => out.push_bind_param::<Timestamptz, _>(&self.since),
            4 => out.push_bind_param::<Timestamptz, _>(&self.before.0),
            5 => out.push_bind_param::<Text, _>(self.before.1),
            6 => out.push_bind_param::<BigInt, _>(&self.limit),
            8 => out.push_bind_param::<Nullable<Bool>, _>(&self.finished),
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
        include_str!("sql/list_ranges.sql"),
        include_str!("sql/list_of_user.sql"),
        include_str!("sql/list_with_error_code.sql"),
        include_str!("sql/list_order.sql"),
    );
    type Columns = SummaryColumns;
    type Id = ListWithErrorCode<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            7 => out.push_bind_param::<Text, _>(self.code),
            other => self.list.bind(other, out),
        }
    }
}
