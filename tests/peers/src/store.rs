//! Stores filled with histories that the server generates.

use anyhow::Result;
use tokio_postgres::Client;

use crate::workload::{self, STEPS};

/// The contents of a store: users `user-0` and so on, each with tasks `task-0` and so on, each with
/// ten steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents {
    pub(crate) users: u32,
    /// The number of tasks of each user.
    pub(crate) tasks: u32,
}

/// The approximate number of entries that one statement adds.
const PORTION: u32 = 200_000;

/// Inserts the entries of users in chronological order: step by step over all tasks.
const ENTRIES: &str = "
    INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
    SELECT 'user-' || u, 'task-' || t, s,
        (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
            || substr(md5(random()::text), 1, 20))::uuid,
        now(), $4, $5
    FROM generate_series(0, $3::int - 1) AS s,
        generate_series($1::int, $2::int - 1) AS u,
        generate_series(0, $6::int - 1) AS t";

/// Inserts the summaries of the same users.
const SUMMARIES: &str = "
    INSERT INTO task_summary
        (user_id, task_id, step_status, last_step, last_entry, entries, created_at, last_updated)
    SELECT user_id, task_id, $3, max(step), max(id), count(*), min(recorded_at), max(recorded_at)
    FROM task_history
    WHERE user_id IN (SELECT 'user-' || u FROM generate_series($1::int, $2::int - 1) AS u)
    GROUP BY user_id, task_id";

/// Inserts the entries of a month, with tasks that start evenly distributed over it.
const ENTRIES_OF_A_MONTH: &str = "
    INSERT INTO task_history (user_id, task_id, step, entry_id, recorded_at, status, result)
    SELECT 'user-' || t % 100, 'month-' || $1::int || '-' || t, s,
        (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
            || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
        moment, $6, $7
    FROM generate_series(0, $2::int - 1) AS t, generate_series(0, $5::int - 1) AS s,
        LATERAL (SELECT $3::text::timestamptz
            + ($4::text::timestamptz - $3::text::timestamptz) * (t * 0.99 / $2::int)
            + s * interval '1 millisecond') AS began (moment)";

const SUMMARIES_OF_A_MONTH: &str = "
    INSERT INTO task_summary
        (user_id, task_id, step_status, last_step, last_entry, entries, created_at, last_updated)
    SELECT user_id, task_id, $1, max(step), max(id), count(*), min(recorded_at), max(recorded_at)
    FROM task_history
    WHERE (user_id, task_id) IN (
        SELECT 'user-' || t % 100, 'month-' || $2::int || '-' || t FROM generate_series(0, $3::int - 1) AS t)
    GROUP BY user_id, task_id";

/// The tasks `month-M-0` and so on of a hundred users, each with ten steps.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    pub(crate) number: u32,
    pub(crate) tasks: u32,
    /// Its start and end, in a format that the server reads.
    pub(crate) from: String,
    pub(crate) until: String,
}

/// Adds the tasks of a month.
pub(crate) async fn fill_month(client: &Client, month: &Month) -> Result<()> {
    let step_result = workload::step_result()?;
    let status = step_result.status().as_str();
    let document = serde_json::to_value(&step_result)?;
    let integer = |number: u32| i32::try_from(number);
    let (number, tasks) = (integer(month.number)?, integer(month.tasks)?);
    let steps = integer(STEPS)?;
    client
        .execute(
            ENTRIES_OF_A_MONTH,
            &[
                &number,
                &tasks,
                &month.from,
                &month.until,
                &steps,
                &status,
                &document,
            ],
        )
        .await?;
    client
        .execute(SUMMARIES_OF_A_MONTH, &[&status, &number, &tasks])
        .await?;
    Ok(())
}

/// Fills an empty store, and analyses it. Calls `report` with the number of entries so far.
pub(crate) async fn fill(
    client: &Client,
    contents: Contents,
    mut report: impl FnMut(u32),
) -> Result<()> {
    let step_result = workload::step_result()?;
    let status = step_result.status().as_str();
    let document = serde_json::to_value(&step_result)?;
    let integer = |number: u32| i32::try_from(number);
    let (tasks, steps) = (integer(contents.tasks)?, integer(STEPS)?);
    let portion = (PORTION / STEPS / contents.tasks).max(1);
    let mut first = 0;
    while first < contents.users {
        let end = contents.users.min(first + portion);
        let (from, to) = (integer(first)?, integer(end)?);
        client
            .execute(ENTRIES, &[&from, &to, &steps, &status, &document, &tasks])
            .await?;
        client.execute(SUMMARIES, &[&from, &to, &status]).await?;
        first = end;
        report(end * contents.tasks * STEPS);
    }
    // One command for both: several in one message would form a transaction, where VACUUM fails.
    client
        .batch_execute("VACUUM ANALYZE task_history, task_summary")
        .await?;
    Ok(())
}
