//! Lists the tasks of all users, and the users, page by page.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::task_history::{ListAllCursor, TaskFilter, TaskSummary};
use tasktrail_domain::{UserId, UserPrefix};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::count::beyond_all;
use super::list::{List, until};
use super::row::summary_value;
use super::summary::{SummaryColumns, SummaryRow, of_row};
use crate::page_limit::one_beyond;

/// Lists tasks of all users that match the prefix and the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    users: &UserPrefix,
    filter: &TaskFilter,
    page: &PageRequest<ListAllCursor>,
) -> Result<Page<TaskSummary, ListAllCursor>, StoreError> {
    let all = ListAll::of(users, filter, page);
    let rows: Vec<(String, SummaryRow)> = match &filter.error_code {
        None => Prepared(all).load(connection).await?,
        Some(code) => {
            let code = code.as_str();
            let query = Prepared(ListAllWithErrorCode { all, code });
            query.load(connection).await?
        }
    };
    let tasks: Vec<_> = rows
        .into_iter()
        .map(|(user, row)| of_row(&user_id(user)?, row))
        .collect::<Result<_, _>>()?;
    Ok(Page::of(tasks, page.size, ListAllCursor::of))
}

/// Lists the users that match the prefix, after the cursor.
pub(super) async fn users(
    connection: &mut AsyncPgConnection,
    prefix: &UserPrefix,
    page: &PageRequest<UserId>,
) -> Result<Page<UserId, UserId>, StoreError> {
    let query = Prepared(Users::of(prefix, page));
    let rows: Vec<String> = query.load(connection).await?;
    let users: Vec<_> = rows.into_iter().map(user_id).collect::<Result<_, _>>()?;
    Ok(Page::of(users, page.size, UserId::clone))
}

fn user_id(user: String) -> Result<UserId, StoreError> {
    let shown = user.clone();
    summary_value("user_id", shown, user, UserId::new)
}

/// A text that sorts after all users that match the prefix.
fn beyond(prefix: &UserPrefix) -> String {
    prefix.as_str().to_owned() + &beyond_all()
}

/// `list_all.sql`.
#[derive(Debug)]
pub(super) struct ListAll<'e> {
    /// The tasks of the first user, who need not exist.
    first: List<'e>,
    last_user: String,
    until: DateTime<Utc>,
}

impl<'e> ListAll<'e> {
    pub(super) fn of(
        users: &'e UserPrefix,
        filter: &TaskFilter,
        page: &'e PageRequest<ListAllCursor>,
    ) -> Self {
        let cursor = page.after.as_ref();
        let reached = cursor.filter(|cursor| cursor.user.as_str() >= users.as_str());
        let user = reached.map_or(users.as_str(), |cursor| cursor.user.as_str());
        let place = reached.map(|cursor| &cursor.place);
        Self {
            first: List::starting(user, filter, place, page.size),
            last_user: beyond(users),
            until: until(filter),
        }
    }
}

impl Statement for ListAll<'_> {
    const SQL: &'static str = concat!(
        include_str!("sql/list_all.sql"),
        include_str!("sql/list_ranges.sql"),
        include_str!("sql/list_of_owner.sql"),
        include_str!("sql/list_order.sql"),
        include_str!("sql/list_all_end.sql"),
    );
    type Columns = (Text, SummaryColumns);
    type Id = ListAll<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            9 => out.push_bind_param::<Text, _>(&self.last_user),
            10 => out.push_bind_param::<Timestamptz, _>(&self.until),
            other => self.first.bind(other, out),
        }
    }
}

/// The same for tasks with an error code.
#[derive(Debug)]
pub(super) struct ListAllWithErrorCode<'e> {
    all: ListAll<'e>,
    code: &'e str,
}

impl Statement for ListAllWithErrorCode<'_> {
    const SQL: &'static str = concat!(
        include_str!("sql/list_all.sql"),
        include_str!("sql/list_ranges.sql"),
        include_str!("sql/list_of_owner.sql"),
        include_str!("sql/list_with_error_code.sql"),
        include_str!("sql/list_order.sql"),
        include_str!("sql/list_all_end.sql"),
    );
    type Columns = (Text, SummaryColumns);
    type Id = ListAllWithErrorCode<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            7 => out.push_bind_param::<Text, _>(self.code),
            other => self.all.bind(other, out),
        }
    }
}

/// `users.sql`.
#[derive(Debug)]
pub(super) struct Users<'e> {
    prefix: &'e str,
    after: &'e str,
    last_user: String,
    limit: i64,
}

impl<'e> Users<'e> {
    pub(super) fn of(prefix: &'e UserPrefix, page: &'e PageRequest<UserId>) -> Self {
        Self {
            prefix: prefix.as_str(),
            // Ids are never empty.
            after: page.after.as_ref().map_or("", UserId::as_str),
            last_user: beyond(prefix),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for Users<'_> {
    const SQL: &'static str = include_str!("sql/users.sql");
    type Columns = Text;
    type Id = Users<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.prefix),
            2 => out.push_bind_param::<Text, _>(self.after),
            3 => out.push_bind_param::<Text, _>(&self.last_user),
            4 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}
