//! Finds tasks whose revisions may have been stored in the wrong order.

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::unsigned;

/// A task whose revisions may be in the wrong order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuspectTask {
    /// The user of the task.
    pub user_id: String,
    /// The task id.
    pub task_id: String,
}

/// How many tasks are named.
const NAMED: i64 = 20;

/// Tolerance for different clocks of callers, and for retried saves. A revision that was recorded
/// later than the newest one by more than this should have been stored after it.
const TOLERANCE_SECONDS: i64 = 5 * 60;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    task_id: String,
    #[diesel(sql_type = BigInt)]
    tasks: i64,
}

/// Returns the number of these tasks, and the first ones ordered by key. Reads all entries.
pub(super) async fn suspect_tasks(
    connection: &mut AsyncPgConnection,
) -> QueryResult<(u64, Vec<SuspectTask>)> {
    let rows: Vec<Row> = diesel::sql_query(include_str!("misplaced.sql"))
        .bind::<BigInt, _>(TOLERANCE_SECONDS)
        .bind::<BigInt, _>(NAMED)
        .load(connection)
        .await?;
    let tasks = rows.as_slice().first().map_or(0, |row| unsigned(row.tasks));
    let named = rows.into_iter().map(|row| SuspectTask {
        user_id: row.user_id,
        task_id: row.task_id,
    });
    Ok((tasks, named.collect()))
}
