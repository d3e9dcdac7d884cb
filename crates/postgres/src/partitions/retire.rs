//! Old history goes with its partition.
//!
//! A partition is replaced by one that has only the entries of the tasks that stay, in one transaction:
//! there is no instant at which a task that stays lacks its early steps, or at which a save finds no
//! partition. `DETACH … CONCURRENTLY`, which cannot be part of a transaction, would have both.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::task_history::{RetentionPolicy, Scope, TaskStatus};

use super::brief_lock::change;
use super::calendar::Bounds;
use super::names::{name, quoted};
use super::{Partition, PartitionError, read};

/// What became of a partition that was old enough to go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// Its table.
    pub partition: String,
    /// Whether it was dropped. Else too many of its entries belong to tasks that stay.
    pub dropped: bool,
    /// How many tasks went, with all their entries; 0 unless it was dropped.
    pub tasks: u64,
    /// How many entries went, those in other partitions included; 0 unless it was dropped.
    pub entries: u64,
    /// How many of its entries belong to tasks that stay.
    pub kept: u64,
}

/// How long it is tried to put the new partition in its place, while the tasks that go are locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// A partition goes if at most every tenth of its entries stays. Else removing row by row is less work.
const KEPT_AT_MOST: u64 = 10;

/// Which tasks of a partition go: those that the policy covers and nobody is writing to. They stay locked,
/// so a save of one of them waits, and then begins a new task.
const LEAVE: &str = include_str!("leave.sql");

/// Drops what may go, the oldest first.
pub(super) async fn retire(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
) -> Result<Vec<Retired>, PartitionError> {
    // The session's settings are for statements that look at few rows.
    connection
        .batch_execute(
            "SET enable_seqscan = on; SET enable_sort = on; SET enable_bitmapscan = on; \
             SET plan_cache_mode = auto",
        )
        .await?;
    let partitions = read(connection).await?.ok_or(PartitionError::Plain)?;
    let mut retired = Vec::new();
    let mut earlier: Option<Partition> = None;
    for partition in partitions {
        let is_old = partition.until.is_some_and(|until| until <= policy.cutoff);
        if !is_old {
            break;
        }
        if is_empty(connection, &partition).await? {
            earlier = Some(partition);
            continue;
        }
        let outcome = replace(connection, &partition, earlier.as_ref(), policy).await?;
        earlier = read(connection)
            .await?
            .into_iter()
            .flatten()
            .find(|replaced| {
                outcome.dropped && outcome.kept == 0 && replaced.until == partition.until
            });
        retired.push(outcome);
    }
    Ok(retired)
}

/// Replaces a partition, and an empty one before it, by one with what stays.
async fn replace(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    earlier: Option<&Partition>,
    policy: &RetentionPolicy,
) -> Result<Retired, PartitionError> {
    connection
        .transaction(async |connection| {
            hold(connection, partition).await?;
            let earlier = match earlier {
                Some(earlier) => hold_empty(connection, earlier).await?.then_some(earlier),
                None => None,
            };
            let leaving = leave(connection, partition, policy).await?;
            let kept = count(leaving.here) - count(leaving.entries_here);
            let kept_retired = |dropped, tasks, entries| Retired {
                partition: partition.name.clone(),
                dropped,
                tasks,
                entries,
                kept,
            };
            if kept.saturating_mul(KEPT_AT_MOST) > count(leaving.here) {
                connection.batch_execute("DROP TABLE leaving").await?;
                return Ok(kept_retired(false, 0, 0));
            }
            take_away(connection).await?;
            swap(connection, partition, earlier, kept > 0).await?;
            Ok(kept_retired(
                true,
                count(leaving.tasks),
                count(leaving.entries),
            ))
        })
        .await
}

/// Nobody adds to the partition or takes from it until the transaction ends; reading goes on.
async fn hold(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
) -> Result<(), PartitionError> {
    let lock = format!(
        "SET LOCAL lock_timeout = '10s'; LOCK TABLE {} IN SHARE MODE",
        quoted(&partition.name)
    );
    Ok(connection.batch_execute(&lock).await?)
}

/// The same, and tells whether the partition is empty.
async fn hold_empty(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
) -> Result<bool, PartitionError> {
    hold(connection, partition).await?;
    is_empty(connection, partition).await
}

#[derive(QueryableByName)]
struct Leaving {
    #[diesel(sql_type = BigInt)]
    tasks: i64,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    /// Those of them in this partition.
    #[diesel(sql_type = BigInt)]
    entries_here: i64,
    /// All entries in this partition.
    #[diesel(sql_type = BigInt)]
    here: i64,
}

/// Notes the tasks that go in the table `leaving`.
async fn leave(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    policy: &RetentionPolicy,
) -> Result<Leaving, PartitionError> {
    let made = format!(
        "CREATE TEMPORARY TABLE leaving (
             user_id text COLLATE \"C\", task_id text COLLATE \"C\",
             entries bigint, entries_here bigint
         ) ON COMMIT DROP;
         CREATE TEMPORARY TABLE here ON COMMIT DROP AS
             SELECT user_id, task_id, count(*) AS entries FROM {} GROUP BY user_id, task_id",
        quoted(&partition.name)
    );
    connection.batch_execute(&made).await?;
    let statuses: Vec<_> = policy.statuses.iter().map(TaskStatus::as_str).collect();
    let user = match &policy.scope {
        Scope::Everyone => None,
        Scope::User(user) => Some(user.as_str()),
    };
    diesel::sql_query(LEAVE)
        .bind::<Timestamptz, _>(policy.cutoff.to_datetime())
        .bind::<Array<Text>, _>(statuses)
        .bind::<Bool, _>(policy.finished_only)
        .bind::<diesel::sql_types::Nullable<Text>, _>(user)
        .execute(connection)
        .await?;
    let sums = "SELECT count(*) AS tasks, coalesce(sum(entries), 0)::bigint AS entries,
                       coalesce(sum(entries_here), 0)::bigint AS entries_here,
                       (SELECT coalesce(sum(entries), 0) FROM here)::bigint AS here
                FROM leaving";
    Ok(diesel::sql_query(sums).get_result(connection).await?)
}

/// Removes the tasks that go, but for their entries in this partition.
async fn take_away(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let statements = "
        ANALYZE leaving;
        DELETE FROM task_history AS entry USING leaving AS task
        WHERE task.entries > task.entries_here
          AND entry.user_id = task.user_id AND entry.task_id = task.task_id;
        DELETE FROM task_summary AS summary USING leaving AS task
        WHERE summary.user_id = task.user_id AND summary.task_id = task.task_id";
    Ok(connection.batch_execute(statements).await?)
}

/// Puts a partition with what stays in the place of this one.
async fn swap(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    earlier: Option<&Partition>,
    some_stay: bool,
) -> Result<(), PartitionError> {
    let bounds = Bounds {
        from: earlier.map_or(partition.from, |earlier| earlier.from),
        until: partition.until,
    };
    let (old, new) = (quoted(&partition.name), quoted(&name(&bounds)));
    let mut prepare = format!(
        "CREATE TABLE task_history_staying
             (LIKE {old} INCLUDING CONSTRAINTS INCLUDING STORAGE)"
    );
    if some_stay {
        let copy = format!(
            "; INSERT INTO task_history_staying
             SELECT * FROM {old} AS entry
             WHERE NOT EXISTS (
                 SELECT FROM leaving AS task
                 WHERE task.user_id = entry.user_id AND task.task_id = entry.task_id)"
        );
        prepare.push_str(&copy);
    }
    connection.batch_execute(&prepare).await?;
    let gone = [Some(partition), earlier].into_iter().flatten();
    let drops = gone.map(|gone| format!("DROP TABLE {}; ", quoted(&gone.name)));
    let statements = format!(
        "{}ALTER TABLE task_history_staying RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}",
        drops.collect::<String>(),
        bounds.sql()
    );
    change(connection, &statements, PATIENCE).await
}

#[derive(QueryableByName)]
struct Empty {
    #[diesel(sql_type = Bool)]
    empty: bool,
}

async fn is_empty(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
) -> Result<bool, PartitionError> {
    let question = format!(
        "SELECT NOT EXISTS (SELECT FROM {}) AS empty",
        quoted(&partition.name)
    );
    let answer: Empty = diesel::sql_query(question).get_result(connection).await?;
    Ok(answer.empty)
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
