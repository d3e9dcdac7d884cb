//! Why partitions are kept, and when the next one can be dropped.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use tasktrail_domain::task_history::{RetentionPolicy, Scope, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::unsigned;

use super::super::names::quoted;
use super::super::session::for_many_rows;
use super::super::{Partition, PartitionError, read};
use super::{is_empty, is_too_much};

/// A partition with entries, and whether a cleanup by this policy can drop it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionOutlook {
    /// The name of its table.
    pub partition: String,
    /// End of its range, exclusive; `None` for the last partition.
    pub until: Option<Timestamp>,
    /// The reason why a cleanup keeps it; `None` if a cleanup can drop it now.
    pub hold: Option<PartitionHold>,
    /// The earliest instant at which a cleanup by a policy of the same age can drop it; `None` if
    /// that does not depend on time alone.
    pub droppable_from: Option<Timestamp>,
}

/// The reason why a cleanup keeps a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartitionHold {
    /// The policy covers the tasks of one user, or keeps the newest tasks of each user. Such a
    /// policy never drops partitions.
    NarrowPolicy,
    /// The role does not own the tables.
    NotOwner {
        /// The owner.
        owner: String,
    },
    /// Its range ends after the policy's cutoff.
    EndsAfterCutoff,
    /// It is the last partition. Its range has no end until a later month is created.
    NoEnd,
    /// More than one tenth of its entries belongs to tasks that the policy retains, because of
    /// their activity or status.
    RetainedTasks {
        /// Number of counted entries that belong to these tasks.
        retained: u64,
        /// Number of counted entries: all, or about 1 % of a large partition.
        counted: u64,
    },
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Text)]
    owner: String,
}

#[derive(QueryableByName)]
struct Sample {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    retained: i64,
}

/// Number of entries from which a sample is counted.
const LARGE: u64 = 100_000;

/// Explains the partitions with entries, oldest first, up to the first one that is not old enough.
/// If nothing can be dropped for another reason, explains only the oldest. Takes no locks and
/// changes nothing.
pub(in crate::partitions) async fn outlook(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    now: Timestamp,
) -> Result<Option<Vec<PartitionOutlook>>, PartitionError> {
    let Some(partitions) = read(connection).await? else {
        return Ok(None);
    };
    let outlook = connection
        .transaction(async |connection| {
            for_many_rows(connection).await?;
            explain(connection, partitions, policy, now).await
        })
        .await?;
    Ok(Some(outlook))
}

async fn explain(
    connection: &mut AsyncPgConnection,
    partitions: Vec<Partition>,
    policy: &RetentionPolicy,
    now: Timestamp,
) -> Result<Vec<PartitionOutlook>, PartitionError> {
    let general = general_hold(connection, policy).await?;
    let mut outlook = Vec::new();
    for partition in partitions {
        if is_empty(connection, &partition).await? {
            continue;
        }
        let hold = match (&general, partition.until) {
            (Some(hold), _) => Some(hold.clone()),
            (None, None) => Some(PartitionHold::NoEnd),
            (None, Some(until)) if until > policy.cutoff => Some(PartitionHold::EndsAfterCutoff),
            (None, Some(_)) => retained(connection, &partition, policy).await?,
        };
        let age = age(policy, now);
        let droppable_from = match (&hold, partition.until) {
            (None | Some(PartitionHold::EndsAfterCutoff), Some(until)) => {
                Some(until.saturating_add(age))
            }
            _ => None,
        };
        let is_last =
            matches!(&hold, Some(hold) if !matches!(hold, PartitionHold::RetainedTasks { .. }));
        outlook.push(PartitionOutlook {
            partition: partition.name,
            until: partition.until,
            hold,
            droppable_from,
        });
        if is_last {
            break;
        }
    }
    Ok(outlook)
}

/// The age that the policy's cutoff corresponds to.
fn age(policy: &RetentionPolicy, now: Timestamp) -> Duration {
    let age = now.as_micros().saturating_sub(policy.cutoff.as_micros());
    Duration::from_micros(u64::try_from(age).unwrap_or_default())
}

/// The reason why no partition can be dropped, if there is one.
async fn general_hold(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
) -> Result<Option<PartitionHold>, PartitionError> {
    if policy.keep_newest > 0 || policy.scope != Scope::Everyone {
        return Ok(Some(PartitionHold::NarrowPolicy));
    }
    let query = "SELECT relowner::regrole::text AS owner FROM pg_class
                    WHERE oid = to_regclass('task_history') AND NOT pg_has_role(relowner, 'USAGE')";
    let others: Vec<Owner> = diesel::sql_query(query).load(connection).await?;
    let other = others.into_iter().next();
    Ok(other.map(|Owner { owner }| PartitionHold::NotOwner { owner }))
}

async fn retained(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    policy: &RetentionPolicy,
) -> Result<Option<PartitionHold>, PartitionError> {
    let percent = if partition.entries < LARGE {
        "100"
    } else {
        "1"
    };
    let query = include_str!("outlook.sql")
        .replace("{partition}", &quoted(&partition.name))
        .replace("{percent}", percent);
    let statuses: Vec<_> = policy.statuses.iter().map(TaskStatus::as_str).collect();
    let sample: Sample = diesel::sql_query(query)
        .bind::<Timestamptz, _>(policy.cutoff.to_datetime())
        .bind::<Array<Text>, _>(statuses)
        .bind::<Bool, _>(policy.keep_unfinished)
        .get_result(connection)
        .await?;
    let (retained, counted) = (unsigned(sample.retained), unsigned(sample.entries));
    Ok(
        is_too_much(retained, counted)
            .then_some(PartitionHold::RetainedTasks { retained, counted }),
    )
}
