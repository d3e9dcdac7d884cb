//! Tasks that are removed with a partition.

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::{RetentionPolicy, TaskStatus};
use tasktrail_postgres_client::unsigned;

use super::super::deadline::Deadline;
use super::super::names::quoted;
use super::super::{Partition, PartitionError};

const REMOVE: &str = include_str!("remove.sql");
const SAMPLE: &str = include_str!("sample.sql");

/// Number of entries from which a sample is worthwhile.
const LARGE: u64 = 100_000;

#[derive(QueryableByName)]
struct Sample {
    #[diesel(sql_type = BigInt)]
    removed: i64,
    #[diesel(sql_type = BigInt)]
    looked_at: i64,
}

/// Number of removed tasks and entries, and of all entries.
#[derive(Debug, QueryableByName)]
pub(super) struct RemovedCounts {
    #[diesel(sql_type = BigInt)]
    tasks: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    /// Removed entries in this partition.
    #[diesel(sql_type = BigInt)]
    entries_here: i64,
    /// All entries in this partition.
    #[diesel(sql_type = BigInt)]
    here: i64,
}

impl RemovedCounts {
    pub(super) fn tasks(&self) -> u64 {
        unsigned(self.tasks)
    }

    pub(super) fn entries(&self) -> u64 {
        unsigned(self.entries)
    }

    pub(super) fn here(&self) -> u64 {
        unsigned(self.here)
    }

    /// Number of entries in the partition that belong to retained tasks.
    pub(super) fn retained(&self) -> u64 {
        unsigned(self.here).saturating_sub(unsigned(self.entries_here))
    }
}

/// Estimates how many entries of a large partition are retained, by a sample. Returns 0 for a small
/// partition. Takes no locks.
pub(super) async fn estimate_retained(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    policy: &RetentionPolicy,
) -> Result<u64, PartitionError> {
    if partition.entries < LARGE {
        return Ok(0);
    }
    let query = SAMPLE.replace("{partition}", &quoted(&partition.name));
    let sample: Sample = covered(query, policy).get_result(connection).await?;
    let (removed, all) = (unsigned(sample.removed), unsigned(sample.looked_at));
    let retained = u128::from(all.saturating_sub(removed)) * u128::from(partition.entries);
    Ok(u64::try_from(retained / u128::from(all.max(1))).unwrap_or(u64::MAX))
}

/// Records the tasks to remove in the table `removed`, and locks them. Writers must be blocked.
pub(super) async fn note(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    policy: &RetentionPolicy,
    deadline: &Deadline,
) -> Result<RemovedCounts, PartitionError> {
    let here = format!(
        "CREATE TEMPORARY TABLE here ON COMMIT DROP AS
         SELECT user_id, task_id, count(*) AS entries FROM {} GROUP BY user_id, task_id",
        quoted(&partition.name)
    );
    for made in [
        "CREATE TEMPORARY TABLE removed (
             user_id text COLLATE \"C\", task_id text COLLATE \"C\",
             entries bigint, entries_here bigint
         ) ON COMMIT DROP",
        &here,
    ] {
        deadline.run(connection, made).await?;
    }
    deadline.limit(connection).await?;
    covered(REMOVE.to_owned(), policy)
        .execute(connection)
        .await?;
    let sums = "SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries,
                       coalesce(sum(entries_here), 0)::bigint AS entries_here,
                       (SELECT coalesce(sum(entries), 0) FROM here)::bigint AS here
                FROM removed";
    deadline.limit(connection).await?;
    Ok(diesel::sql_query(sums).get_result(connection).await?)
}

/// Removes the recorded tasks, except for their entries in this partition.
pub(super) async fn delete_recorded(
    connection: &mut AsyncPgConnection,
    deadline: &Deadline,
) -> Result<(), PartitionError> {
    for statement in [
        "ANALYZE removed",
        "DELETE FROM task_history AS entry USING removed AS task
         WHERE task.entries > task.entries_here
           AND entry.user_id = task.user_id AND entry.task_id = task.task_id",
        "DELETE FROM task_summary AS summary USING removed AS task
         WHERE summary.user_id = task.user_id AND summary.task_id = task.task_id",
    ] {
        deadline.run(connection, statement).await?;
    }
    Ok(())
}

/// Binds the conditions of a policy as `$1` to `$3`.
fn covered(statement: String, policy: &RetentionPolicy) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
    let statuses: Vec<_> = policy.statuses.iter().map(TaskStatus::as_str).collect();
    diesel::sql_query(statement)
        .into_boxed()
        .bind::<Timestamptz, _>(policy.cutoff.to_datetime())
        .bind::<Array<Text>, _>(statuses)
        .bind::<Bool, _>(policy.keep_unfinished)
}
