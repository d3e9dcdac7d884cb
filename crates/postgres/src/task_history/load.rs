//! Reads a single task.

use chrono::{DateTime, Utc};
use diesel::dsl::auto_type;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::{Page, PageRequest, PageSize};
use tasktrail_domain::task_history::{HistoryEntry, StepNumber, TaskStatus, TrailCursor};
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use super::row;
use crate::jsonb_result::StoredResult;
use crate::page_limit::one_beyond;
use crate::schema::task_summary as summary;

/// How many bytes of stored results a page contains at most, unless the first result is larger.
///
/// A page must be read within one attempt. PostgreSQL compresses 1 MiB of a repeated letter to 12
/// kB, or to 4 kB with LZ4, so a page contains at most about 45 MiB of text (128 MiB).
const PAGE_BYTES: i64 = 512 << 10;

/// Reads the newest revision of each step.
pub(super) async fn steps(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    page: &PageRequest<StepNumber>,
) -> Result<Page<HistoryEntry, StepNumber>, StoreError> {
    let query = Prepared(SelectSteps::of(task, page));
    let rows: Vec<RevisionRow> = query.load(connection).await?;
    let (items, is_last) = held(task, page.size, rows)?;
    let last = items.last().filter(|_| !is_last);
    let next = last.map(|entry| entry.step);
    Ok(Page { items, next })
}

/// Reads all revisions, in the order in which the server accepted them.
pub(super) async fn trail(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    page: &PageRequest<TrailCursor>,
) -> Result<Page<HistoryEntry, TrailCursor>, StoreError> {
    let query = Prepared(SelectTrail::of(task, page));
    let rows: Vec<(i64, RevisionRow)> = query.load(connection).await?;
    let (positions, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let (items, is_last) = held(task, page.size, rows)?;
    let last = positions.get(..items.len()).and_then(<[i64]>::last);
    let next = last.filter(|_| !is_last).copied().map(TrailCursor::new);
    Ok(Page { items, next })
}

/// Step, entry id, time, and the result unless it exceeds the limit of bytes.
type RevisionRow = (i32, Uuid, DateTime<Utc>, Option<StoredResult>);

/// The entries of a page, and whether they are the last ones.
fn held(
    task: &TaskKey,
    size: PageSize,
    rows: Vec<RevisionRow>,
) -> Result<(Vec<HistoryEntry>, bool), StoreError> {
    let read = rows.len();
    let held = rows
        .into_iter()
        .take(size.get())
        .map_while(|(step, id, at, result)| Some((step, id, at, result?)));
    let entries: Vec<_> = held
        .map(|columns| row::entry(task.clone(), columns))
        .collect::<Result<_, _>>()?;
    let is_last = entries.len() == read;
    Ok((entries, is_last))
}

/// Reads the status by the primary key of the summary.
pub(super) async fn status(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
) -> Result<Option<TaskStatus>, StoreError> {
    let query = select_status(&task.user, &task.task);
    let found: Option<(String, i64)> = query.first(connection).await.optional()?;
    found
        .map(|(text, _entries)| row::status(task, &text))
        .transpose()
}

/// `load.sql`.
#[derive(Debug)]
pub(super) struct SelectSteps<'q> {
    task: &'q TaskKey,
    after: i32,
    limit: i64,
}

impl<'q> SelectSteps<'q> {
    pub(super) fn of(task: &'q TaskKey, page: &PageRequest<StepNumber>) -> Self {
        Self {
            task,
            after: page.after.map_or(-1, StepNumber::get),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for SelectSteps<'_> {
    const SQL: &'static str = include_str!("sql/load.sql");
    type Columns = (Integer, SqlUuid, Timestamptz, Nullable<Jsonb>);
    type Id = SelectSteps<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<Integer, _>(&self.after),
            4 => out.push_bind_param::<BigInt, _>(&self.limit),
            5 => out.push_bind_param::<BigInt, _>(&PAGE_BYTES),
            other => unbound(other),
        }
    }
}

/// `trail.sql`.
#[derive(Debug)]
pub(super) struct SelectTrail<'q> {
    task: &'q TaskKey,
    after: i64,
    limit: i64,
}

impl<'q> SelectTrail<'q> {
    pub(super) fn of(task: &'q TaskKey, page: &PageRequest<TrailCursor>) -> Self {
        Self {
            task,
            after: page.after.map_or(0, TrailCursor::get),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for SelectTrail<'_> {
    const SQL: &'static str = include_str!("sql/trail.sql");
    type Columns = (BigInt, (Integer, SqlUuid, Timestamptz, Nullable<Jsonb>));
    type Id = SelectTrail<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<BigInt, _>(&self.after),
            4 => out.push_bind_param::<BigInt, _>(&self.limit),
            5 => out.push_bind_param::<BigInt, _>(&PAGE_BYTES),
            other => unbound(other),
        }
    }
}

/// Also selects the number of entries, which the index of the list does not contain. For the status
/// alone the planner would use an index-only scan of that index, over all tasks of the user.
#[auto_type]
pub(super) fn select_status<'q>(user: &'q UserId, task: &'q TaskId) -> _ {
    let user: &'q str = user.as_str();
    let task: &'q str = task.as_str();
    summary::table
        .select((summary::status, summary::entries))
        .filter(summary::user_id.eq(user))
        .filter(summary::task_id.eq(task))
}

#[cfg(test)]
mod tests {
    use tasktrail_domain::task_history::operation;

    use super::*;
    use crate::fingerprint::operation_of;

    #[test]
    fn built_statement_is_identified_by_its_start() {
        let task = TaskKey::new("user", "task").unwrap();
        let status = select_status(&task.user, &task.task);
        let text = diesel::debug_query::<Pg, _>(&status).to_string();

        assert_eq!(operation_of(&text), Some(operation::STATUS));
    }
}
