//! Removes old history by dropping partitions.
//!
//! A partition is replaced by one that contains only the entries of retained tasks, in one
//! transaction. So a retained task never lacks its early steps, and a save always finds a
//! partition. `DETACH … CONCURRENTLY` cannot run in a transaction, so it guarantees neither.
//!
//! Lock order: the parent table first, then the summaries. In the reverse order, a save waiting for
//! a summary would already hold a lock on the parent table, which the last step needs exclusively:
//! a deadlock.

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

/// The result for a partition that was old enough to be dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionDrop {
    /// The name of its table.
    pub partition: String,
    /// Whether it was dropped. If not, too many of its entries belong to retained tasks, or there
    /// was a [`failure`](Self::failure).
    pub dropped: bool,
    /// Number of removed tasks; 0 unless it was dropped.
    pub tasks: u64,
    /// Number of removed entries, including those in other partitions; 0 unless it was dropped.
    pub entries: u64,
    /// Number of its entries that belong to retained tasks; an estimate for a large partition that
    /// was kept.
    pub kept: u64,
    /// The reason of a failure, if there was one. Later partitions were not tried.
    pub failure: Option<String>,
    /// Whether the failure was the deadline: dropping it would have blocked saves for more than 5
    /// seconds. The next run tries again.
    pub given_up: bool,
    /// How long saves waited, even if it was not dropped.
    pub saves_held: Duration,
}

/// A partition is dropped if at most one tenth of its entries is retained. Otherwise it is cheaper
/// to remove rows one by one.
const KEPT_AT_MOST: u64 = 10;

/// Limits the estimate, which blocks nothing.
const ESTIMATE_LIMIT: &str = "SET LOCAL statement_timeout = '5s'";

/// Tests, before saves are blocked, whether the table can be locked exclusively. An export or
/// another long transaction that reads the table would make the rest of the work futile.
const PROBE: LockRetry = LockRetry {
    in_all: Duration::from_secs(2),
    pause: Duration::from_millis(400),
    for_autovacuum: false,
    change: CHANGE_LIMIT,
    end: None,
};
/// Locks the table exclusively at the end, while saves are blocked.
const END: LockRetry = LockRetry {
    in_all: Duration::from_secs(2),
    pause: Duration::from_millis(50),
    ..PROBE
};

/// Drops expired partitions, oldest first. Calls `may_continue` before each partition.
pub(super) async fn drop_expired(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    may_continue: impl Fn() -> bool,
) -> Result<Vec<PartitionDrop>, PartitionError> {
    // A single partition does not show the newest tasks of a user. Entries of one user are never
    // most of a partition.
    if policy.keep_newest > 0 || policy.scope != Scope::Everyone {
        return Ok(Vec::new());
    }
    let partitions = read(connection).await?.ok_or(PartitionError::Plain)?;
    let mut results = Vec::new();
    let mut earlier: Option<Partition> = None;
    for partition in partitions {
        let is_old = partition.until.is_some_and(|until| until <= policy.cutoff);
        if !is_old || !may_continue() {
            break;
        }
        if is_empty(connection, &partition).await? {
            earlier = Some(partition);
            continue;
        }
        let outcome = replace(connection, &partition, earlier.take(), policy).await;
        let outcome = outcome.unwrap_or_else(|error| not_dropped(&partition, &error));
        if outcome.dropped && outcome.kept == 0 {
            let partitions = read(connection).await?.into_iter().flatten();
            earlier = partitions
                .into_iter()
                .find(|new| new.until == partition.until);
        }
        let is_stopped = outcome.failure.is_some();
        results.push(outcome);
        if is_stopped {
            break;
        }
    }
    Ok(results)
}

/// Replaces a partition, and an empty one before it, by one with the retained entries. Keeps it if
/// too many entries are retained.
async fn replace(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    earlier: Option<Partition>,
    policy: &RetentionPolicy,
) -> Result<PartitionDrop, PartitionError> {
    let keep = |kept| PartitionDrop {
        partition: partition.name.clone(),
        kept,
        ..PartitionDrop::default()
    };
    let retained = connection
        .transaction(async |connection| {
            connection.batch_execute(ESTIMATE_LIMIT).await?;
            for_many_rows(connection).await?;
            removed::estimate_retained(connection, partition, policy).await
        })
        .await?;
    if is_too_much(retained, partition.entries) {
        return Ok(keep(retained));
    }
    change(connection, "", PROBE).await?;
    retained::can_be_like(connection, partition).await?;
    let owner = owner(connection).await?;
    let deadline = Deadline::begin();
    let replaced = connection
        .transaction(async |connection| {
            for_many_rows(connection).await?;
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
                return Ok(keep(removed.retained()));
            }
            removed::delete_recorded(connection, &deadline).await?;
            let replacement = Replacement {
                partition,
                earlier: earlier.as_ref(),
                owner: &owner,
                some_retained: removed.retained() > 0,
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
        Ok(dropped) => Ok(PartitionDrop {
            saves_held,
            ..dropped
        }),
        Err(error) => Err(deadline.judge(error)),
    }
}

/// Converts the failure to drop a partition.
fn not_dropped(partition: &Partition, error: &PartitionError) -> PartitionDrop {
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

/// The replacement of a partition, and of an empty one before it.
struct Replacement<'r> {
    partition: &'r Partition,
    earlier: Option<&'r Partition>,
    owner: &'r str,
    some_retained: bool,
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

    /// Replaces the partition by one with the retained entries.
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
    let query = format!(
        "SELECT NOT EXISTS (SELECT FROM {}) AS empty",
        quoted(&partition.name)
    );
    let answer: Empty = diesel::sql_query(query).get_result(connection).await?;
    Ok(answer.empty)
}
