//! Tasks whose revisions may have been stored in the wrong order.

use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::unsigned;

use super::TaskInDoubt;

/// How many are named.
const NAMED: i64 = 20;

/// Clocks of callers differ, and a save may be repeated for some time: what was recorded so much later than
/// the newest revision should have come behind it.
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

/// The first of them in the order of their keys, and how many there are. Reads all entries.
pub(super) async fn in_doubt(
    connection: &mut AsyncPgConnection,
) -> QueryResult<(u64, Vec<TaskInDoubt>)> {
    let rows: Vec<Row> = diesel::sql_query(include_str!("misplaced.sql"))
        .bind::<BigInt, _>(TOLERANCE_SECONDS)
        .bind::<BigInt, _>(NAMED)
        .load(connection)
        .await?;
    let tasks = rows.as_slice().first().map_or(0, |row| unsigned(row.tasks));
    let named = rows.into_iter().map(|row| TaskInDoubt {
        user_id: row.user_id,
        task_id: row.task_id,
    });
    Ok((tasks, named.collect()))
}
