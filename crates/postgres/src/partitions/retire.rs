//! Old history goes with its partition.
//!
//! A partition is replaced by one that has only the entries of the tasks that stay, in one transaction:
//! there is no instant at which a task that stays lacks its early steps, or at which a save finds no
//! partition. `DETACH … CONCURRENTLY`, which cannot be part of a transaction, would have both.
//!
//! Writers are kept out first, before a summary is locked: a save that waits for a summary holds the table,
//! which the last step needs for itself.

mod leaving;
mod outlook;
mod staying;

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::task_history::{RetentionPolicy, Scope};

use super::brief_lock::{Lock, Patience, change, lock};
use super::calendar::Bounds;
use super::names::{name, quoted};
use super::{Partition, PartitionError, read};

pub(super) use self::outlook::outlook;
pub use self::outlook::{PartitionHold, PartitionOutlook};

/// What became of a partition that was old enough to go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// Its table.
    pub partition: String,
    /// Whether it was dropped. Else too many of its entries belong to tasks that stay, or there was an
    /// [`obstacle`](Self::obstacle).
    pub dropped: bool,
    /// How many tasks went, with all their entries; 0 unless it was dropped.
    pub tasks: u64,
    /// How many entries went, those in other partitions included; 0 unless it was dropped.
    pub entries: u64,
    /// How many of its entries belong to tasks that stay; about, if it is large and was left alone.
    pub kept: u64,
    /// What was in the way, if something was. Later partitions were not tried then.
    pub obstacle: Option<String>,
}

/// A partition goes if at most every tenth of its entries stays. Else removing row by row is less work.
const KEPT_AT_MOST: u64 = 10;

/// How long it is tried to keep writers out, and how long, when they are out, to have the table for
/// oneself.
const BEGINNING: Patience = Patience {
    in_all: Duration::from_secs(5),
    pause: Duration::from_millis(400),
    for_autovacuum: false,
};
const END: Patience = Patience {
    in_all: Duration::from_secs(2),
    pause: Duration::from_millis(50),
    for_autovacuum: false,
};

/// Drops what may go, the oldest first. `goes_on` is asked before each partition.
pub(super) async fn retire(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    goes_on: impl Fn() -> bool,
) -> Result<Vec<Retired>, PartitionError> {
    // Which are the newest of a user is not seen from one partition, and one user's are never most of it.
    if policy.keep_newest > 0 || policy.scope != Scope::Everyone {
        return Ok(Vec::new());
    }
    // The session's settings are for statements that look at few rows. No statement shall keep writers out
    // for as long as they are patient.
    connection
        .batch_execute(
            "SET enable_seqscan = on; SET enable_sort = on; SET enable_bitmapscan = on; \
             SET plan_cache_mode = auto; SET statement_timeout = '5s'",
        )
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
        let outcome = outcome.unwrap_or_else(|error| Retired {
            partition: partition.name.clone(),
            obstacle: Some(tasktrail_domain::repository::Chain(&error).to_string()),
            ..Retired::default()
        });
        if outcome.dropped && outcome.kept == 0 {
            let partitions = read(connection).await?.into_iter().flatten();
            earlier = partitions
                .into_iter()
                .find(|new| new.until == partition.until);
        }
        let is_stopped = outcome.obstacle.is_some();
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
) -> Result<Retired, PartitionError> {
    let left_alone = |kept| Retired {
        partition: partition.name.clone(),
        kept,
        ..Retired::default()
    };
    let staying = leaving::estimated_to_stay(connection, partition, policy).await?;
    if is_too_much(staying, partition.entries) {
        return Ok(left_alone(staying));
    }
    connection
        .transaction(async |connection| {
            lock(connection, Lock::Writers, BEGINNING).await?;
            let earlier = match earlier {
                Some(earlier) if is_empty(connection, &earlier).await? => Some(earlier),
                _ => None,
            };
            let leaving = leaving::note(connection, partition, policy).await?;
            if is_too_much(leaving.staying(), leaving.here()) {
                return Ok(left_alone(leaving.staying()));
            }
            leaving::take_away(connection).await?;
            swap(
                connection,
                partition,
                earlier.as_ref(),
                leaving.staying() > 0,
            )
            .await?;
            Ok(Retired {
                partition: partition.name.clone(),
                dropped: true,
                tasks: leaving.tasks(),
                entries: leaving.entries(),
                kept: leaving.staying(),
                obstacle: None,
            })
        })
        .await
}

fn is_too_much(staying: u64, all: u64) -> bool {
    staying.saturating_mul(KEPT_AT_MOST) > all
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
    let staying = staying::prepared(connection, partition, &bounds, some_stay).await?;
    let new = quoted(&name(&bounds));
    let gone = [Some(partition), earlier].into_iter().flatten();
    let drops = gone.map(|gone| format!("DROP TABLE {}; ", quoted(&gone.name)));
    let statements = format!(
        "{}ALTER TABLE {staying} RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}; \
         ALTER TABLE {new} DROP CONSTRAINT task_history_range_check",
        drops.collect::<String>(),
        bounds.sql()
    );
    change(connection, &statements, END).await
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
