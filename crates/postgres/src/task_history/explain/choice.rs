//! Chooses the task that statements are planned for.

use diesel::sql_types::{BigInt, Text};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_postgres_client::error::StoreError;

use super::{ChosenTask, ExplainRequest};
use crate::task_history::count::{UserRange, beyond_all};
use crate::task_history::row::{amount, summary_value};

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    task_id: String,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

/// Chooses the task. Returns its key, the number of its entries if it exists, and how it was
/// chosen.
pub(super) async fn choose(
    connection: &mut AsyncPgConnection,
    request: &ExplainRequest,
) -> Result<(TaskKey, Option<u64>, ChosenTask), StoreError> {
    let users = UserRange::of(&request.scope());
    let task = request.task.as_ref().map(|task| task.as_str().to_owned());
    let (first, last) = task.map_or_else(|| (String::new(), beyond_all()), |id| (id.clone(), id));
    let found: Option<Found> = diesel::sql_query(include_str!("../sql/largest.sql"))
        .bind::<Text, _>(users.first)
        .bind::<Text, _>(users.last)
        .bind::<Text, _>(first)
        .bind::<Text, _>(last)
        .get_result(connection)
        .await
        .optional()?;
    let given = request.user.is_some() && request.task.is_some();
    if let Some(found) = found {
        let shown = format!("{}/{}", found.user_id, found.task_id);
        let ids = (found.user_id, found.task_id);
        let key = summary_value("task_id", shown, ids, |(user, task)| {
            TaskKey::new(user, task)
        })?;
        let chosen = if given {
            ChosenTask::Given
        } else {
            ChosenTask::Largest
        };
        return Ok((key, Some(amount(found.entries)), chosen));
    }
    let user = request.user.as_ref().map_or("user", |user| user.as_str());
    let task = request.task.as_ref().map_or("task", |task| task.as_str());
    let key = summary_value("task_id", "a made-up task", (user, task), |(user, task)| {
        TaskKey::new(user, task)
    })?;
    let chosen = if given {
        ChosenTask::Given
    } else {
        ChosenTask::MadeUp
    };
    Ok((key, None, chosen))
}
