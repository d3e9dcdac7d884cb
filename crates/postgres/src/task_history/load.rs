//! Reads of one task.

use diesel::dsl::auto_type;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::{Page, PageRequest, PageSize};
use tasktrail_domain::task_history::{
    HistoryEntry, StepNumber, TaskId, TaskKey, TaskStatus, TrailPosition, UserId,
};

use super::row::{self, EntryColumns};
use crate::error::StoreError;
use crate::schema::{task_history as entry, task_summary as summary};

/// The newest revision of each step.
pub(super) async fn steps(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    page: &PageRequest<StepNumber>,
) -> Result<Page<HistoryEntry, StepNumber>, StoreError> {
    let after = page.after.map_or(-1, StepNumber::get);
    let query = select_steps(&task.user, &task.task, after, one_beyond(page.size));
    let rows: Vec<EntryColumns> = query.load(connection).await?;
    let entries: Vec<_> = rows
        .into_iter()
        .map(|columns| row::entry(task.clone(), columns))
        .collect::<Result<_, _>>()?;
    Ok(Page::of(entries, page.size, |entry| entry.step))
}

/// All revisions, in the order of their acceptance.
pub(super) async fn trail(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    page: &PageRequest<TrailPosition>,
) -> Result<Page<HistoryEntry, TrailPosition>, StoreError> {
    let after = page.after.map_or(0, TrailPosition::get);
    let query = select_trail(&task.user, &task.task, after, one_beyond(page.size));
    let rows: Vec<(i64, EntryColumns)> = query.load(connection).await?;
    let Page { items, next } = Page::of(rows, page.size, |(position, _)| {
        TrailPosition::new(*position)
    });
    let entries = items
        .into_iter()
        .map(|(_, columns)| row::entry(task.clone(), columns))
        .collect::<Result<_, _>>()?;
    Ok(Page {
        items: entries,
        next,
    })
}

/// One probe of the summary's key.
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

#[auto_type]
pub(super) fn select_steps<'q>(user: &'q UserId, task: &'q TaskId, after: i32, limit: i64) -> _ {
    let user: &'q str = user.as_str();
    let task: &'q str = task.as_str();
    entry::table
        .select((
            entry::step,
            entry::entry_id,
            entry::recorded_at,
            entry::result,
        ))
        .filter(entry::user_id.eq(user))
        .filter(entry::task_id.eq(task))
        .filter(entry::step.gt(after))
        .distinct_on(entry::step)
        .order_by((entry::step.asc(), entry::id.desc()))
        .limit(limit)
}

#[auto_type]
pub(super) fn select_trail<'q>(user: &'q UserId, task: &'q TaskId, after: i64, limit: i64) -> _ {
    let user: &'q str = user.as_str();
    let task: &'q str = task.as_str();
    entry::table
        .select((
            entry::id,
            (
                entry::step,
                entry::entry_id,
                entry::recorded_at,
                entry::result,
            ),
        ))
        .filter(entry::user_id.eq(user))
        .filter(entry::task_id.eq(task))
        .filter(entry::id.gt(after))
        .order_by(entry::id.asc())
        .limit(limit)
}

/// With the number of entries, which is no part of the list's index: for the status alone the planner takes
/// that index, and so reads all tasks of the user without a look at the table.
#[auto_type]
pub(super) fn select_status<'q>(user: &'q UserId, task: &'q TaskId) -> _ {
    let user: &'q str = user.as_str();
    let task: &'q str = task.as_str();
    summary::table
        .select((summary::status, summary::entries))
        .filter(summary::user_id.eq(user))
        .filter(summary::task_id.eq(task))
}

/// The item beyond the page tells that there is a next one.
pub(super) fn one_beyond(size: PageSize) -> i64 {
    i64::try_from(size.get())
        .unwrap_or(i64::MAX)
        .saturating_add(1)
}
