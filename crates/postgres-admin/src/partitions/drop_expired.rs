//! Old history goes with its partition.
//!
//! A partition is replaced by one that has only the entries of the tasks that stay, in one transaction:
//! there is no instant at which a task that stays lacks its early steps, or at which a save finds no
//! partition. `DETACH … CONCURRENTLY`, which cannot be part of a transaction, would have both.
//!
//! Writers are kept out first, before a summary is locked: a save that waits for a summary holds the table,
//! which the last step needs for itself.

mod outlook;
mod removed;
mod retained;

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::repository::ErrorChain;
use tasktrail_domain::task_history::{RetentionPolicy, Scope};
use tasktrail_postgres::ownership::owner;

pub(super) use self::outlook::outlook;
pub use self::outlook::{PartitionHold, PartitionOutlook};
use super::deadline::Deadline;
use super::month_bounds::Bounds;
use super::names::{name, quoted};
use super::session::for_many_rows;
use super::short_lock::{CHANGE_LIMIT, KEEPING_OUT, Lock, LockRetry, change, lock};
use super::{Partition, PartitionError, read};

/// What became of a partition that was old enough to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDrop {
    /// Its table.
    pub partition: String,
    /// Whether it was dropped. Else too many of its entries belong to tasks that stay, or there was an
    /// [`failure`](Self::failure).
    pub dropped: bool,
    /// How many tasks went, with all their entries; 0 unless it was dropped.
    pub tasks: u64,
    /// How many entries went, those in other partitions included; 0 unless it was dropped.
    pub entries: u64,
    /// How many of its entries belong to tasks that stay; about, if it is large and was left alone.
    pub kept: u64,
    /// What was in the way, if something was. Later partitions were not tried then.
    pub failure: Option<String>,
    /// Whether the obstacle was the deadline: it took longer than saves may be kept waiting, 5 seconds in
    /// all. The next run tries again.
    pub given_up: bool,
    /// For how long saves waited, whatever became of it.
    pub saves_held: Duration,
}

/// A partition goes if at most every tenth of its entries stays. Else removing row by row is less work.
const KEPT_AT_MOST: u64 = 10;

/// How long it is tried, when writers are out, to have the table for oneself.
///
/// Before saves are made to wait it is tried whether the table can be had at all: an export or another
/// long transaction that reads it would make all the work useless.
const PROBE: LockRetry = LockRetry {
    in_all: Duration::from_secs(2),
    pause: Duration::from_millis(400),
    for_autovacuum: false,
    change: CHANGE_LIMIT,
    end: None,
};
const END: LockRetry = LockRetry {
    in_all: Duration::from_secs(2),
    pause: Duration::from_millis(50),
    ..PROBE
};

/// Drops what may go, the oldest first. `goes_on` is asked before each partition.
pub(super) async fn drop_expired(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    goes_on: impl Fn() -> bool,
) -> Result<Vec<PartitionDrop>, PartitionError> {
    // Which are the newest of a user is not seen from one partition, and one user's are never most of it.
    if policy.keep_newest > 0 || policy.scope != Scope::Everyone {
        return Ok(Vec::new());
    }
    for_many_rows(connection).await?;
    connection
        .batch_execute("SET statement_timeout = '5s'")
        .await?;
    let partitions = read(connection).await?.ok_or(PartitionError::Plain)?;
    let mut retired = Vec::new();
    let mut earlier: Option<Partition> = None;
    for partition in partitions {
        let is_old = partition.until.is_some_and(|until| until <= policy.cutoff);
        if !is_old || !goes_on() {
            break;
        }
        if is_empty(connection, &partition).await? {
            earlier = Some(partition);
            continue;
        }
        let outcome = replace(connection, &partition, earlier.take(), policy).await;
        let outcome = outcome.unwrap_or_else(|error| not_retired(&partition, &error));
        if outcome.dropped && outcome.kept == 0 {
            let partitions = read(connection).await?.into_iter().flatten();
            earlier = partitions
                .into_iter()
                .find(|new| new.until == partition.until);
        }
        let is_stopped = outcome.failure.is_some();
        retired.push(outcome);
        if is_stopped {
            break;
        }
    }
    Ok(retired)
}

/// Replaces a partition, and an empty one before it, by one with what stays; leaves it alone if too much
/// does.
async fn replace(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    earlier: Option<Partition>,
    policy: &RetentionPolicy,
) -> Result<PartitionDrop, PartitionError> {
    let left_alone = |kept| PartitionDrop {
        partition: partition.name.clone(),
        kept,
        ..PartitionDrop::default()
    };
    let retained = removed::estimated_to_stay(connection, partition, policy).await?;
    if is_too_much(retained, partition.entries) {
        return Ok(left_alone(retained));
    }
    change(connection, "", PROBE).await?;
    retained::can_be_like(connection, partition).await?;
    let owner = owner(connection).await?;
    let deadline = Deadline::begin();
    let replaced = connection
        .transaction(async |connection| {
            lock(connection, Lock::Writers, KEEPING_OUT.within(&deadline)?).await?;
            deadline.saves_wait();
            let earlier = match earlier {
                Some(earlier) => {
                    deadline.limit(connection).await?;
                    is_empty(connection, &earlier).await?.then_some(earlier)
                }
                None => None,
            };
            let removed = removed::note(connection, partition, policy, &deadline).await?;
            if is_too_much(removed.retained(), removed.here()) {
                return Ok(left_alone(removed.retained()));
            }
            removed::take_away(connection, &deadline).await?;
            let replacement = Replacement {
                partition,
                earlier: earlier.as_ref(),
                owner: &owner,
                some_stay: removed.retained() > 0,
            };
            replacement.swap(connection, &deadline).await?;
            deadline.limit(connection).await?;
            Ok(PartitionDrop {
                partition: partition.name.clone(),
                dropped: true,
                tasks: removed.tasks(),
                entries: removed.entries(),
                kept: removed.retained(),
                ..PartitionDrop::default()
            })
        })
        .await;
    let saves_held = deadline.held();
    match replaced {
        Ok(retired) => Ok(PartitionDrop {
            saves_held,
            ..retired
        }),
        Err(error) => Err(deadline.judge(error)),
    }
}

/// Why a partition was not retired.
fn not_retired(partition: &Partition, error: &PartitionError) -> PartitionDrop {
    let (given_up, saves_held) = match error {
        PartitionError::GivenUp { held, .. } => (true, *held),
        _ => (false, Duration::ZERO),
    };
    let failure = ErrorChain(error).to_string();
    tracing::warn!(
        partition = partition.name,
        failure,
        "a partition was not dropped"
    );
    PartitionDrop {
        partition: partition.name.clone(),
        failure: Some(failure),
        given_up,
        saves_held,
        ..PartitionDrop::default()
    }
}

fn is_too_much(retained: u64, all: u64) -> bool {
    retained.saturating_mul(KEPT_AT_MOST) > all
}

/// What takes the place of a partition, and of an empty one before it.
struct Replacement<'r> {
    partition: &'r Partition,
    earlier: Option<&'r Partition>,
    owner: &'r str,
    some_stay: bool,
}

impl Replacement<'_> {
    fn bounds(&self) -> Bounds {
        let from = self
            .earlier
            .map_or(self.partition.from, |earlier| earlier.from);
        Bounds {
            from,
            until: self.partition.until,
        }
    }

    /// Puts a partition with what stays in the place of this one.
    async fn swap(
        &self,
        connection: &mut AsyncPgConnection,
        deadline: &Deadline,
    ) -> Result<(), PartitionError> {
        let retained = retained::prepared(connection, self, deadline).await?;
        let bounds = self.bounds();
        let new = quoted(&name(&bounds));
        let gone = [Some(self.partition), self.earlier].into_iter().flatten();
        let drops = gone.map(|gone| format!("DROP TABLE {}; ", quoted(&gone.name)));
        let statements = format!(
            "{}ALTER TABLE {retained} RENAME TO {new}; \
             ALTER TABLE task_history ATTACH PARTITION {new} {}; \
             ALTER TABLE {new} DROP CONSTRAINT task_history_range_check",
            drops.collect::<String>(),
            bounds.sql()
        );
        change(connection, &statements, END.within(deadline)?).await
    }
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
