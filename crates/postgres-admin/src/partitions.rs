//! The partitioned layout of the entries, for stores from which old history is to go by whole tables.
//!
//! `task_history` is then partitioned by ranges of the entry ids, which are UUIDv7 and so begin with a
//! time: a month each, one for all that is older, one for all that is newer. Every id has a partition at
//! any time, so no save fails for the want of one. Which layout a store has is nothing to the repository:
//! keys, statements and answers are the same. `docs/adr/0018-partitions-are-a-choice.md` says what it
//! costs and what it gains.

mod convert;
mod deadline;
mod drop_expired;
mod extend;
mod far_future;
mod layout;
mod like;
mod month_bounds;
mod names;
mod session;
mod short_lock;

use std::error::Error;
use std::time::Duration;

use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::connection::Connector;
use tokio::time::Instant;

pub use self::drop_expired::PartitionDrop;
pub use self::drop_expired::{PartitionHold, PartitionOutlook};
use self::layout::read;
use self::session::{begin, open};

/// A part of the entries, by the time in their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partition {
    /// Its table.
    pub name: String,
    /// The entries of this instant and later ones; `None` for all that are older.
    pub from: Option<Timestamp>,
    /// The entries before this instant; `None` for all that are newer.
    pub until: Option<Timestamp>,
    /// How many entries it has, about.
    pub entries: u64,
    /// How much room it takes, indexes included, in bytes.
    pub bytes: u64,
}

/// The partitions could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another process is changing them.
    #[error("another process is changing the partitions")]
    Busy,
    /// The role may not change the tables, for they are another's.
    #[error("the partitions can be changed only by {owner}, who owns task_history")]
    NotOwner {
        /// Whose they are.
        owner: String,
    },
    /// The entries are in one table.
    #[error("task_history is not partitioned: `tasktrail migrate partition` makes it so")]
    Plain,
    /// The table was in use whenever it was to be locked for a moment.
    #[error(
        "task_history could not be locked for a moment within {0:?}: a transaction is using it"
    )]
    Locked(Duration),
    /// A partition could not be replaced before saves had waited for too long. Nothing was changed.
    #[error("given up after {limit:?}: saves were held for {held:?}; the next run tries again")]
    GivenUp {
        /// How long it may take from the moment at which saves are to be kept out.
        limit: Duration,
        /// For how long saves waited.
        held: Duration,
    },
    /// Things stand on the table that a partitioned one of its name would not have.
    #[error("task_history is in use by {}: take these away first, and make them again on the partitioned \
             table", .0.join(", "))]
    InUse(Vec<String>),
    /// A partition cannot be replaced by an equal one.
    #[error(
        "{partition} has {}, which its replacement would lack: drop them, or make them on task_history",
        .things.join(", ")
    )]
    Irreplaceable {
        /// The table.
        partition: String,
        /// What was made on it.
        things: Vec<String>,
    },
    /// More entries than can be moved are dated more than a year ahead.
    #[error(
        "more than {at_most} entries are dated more than a year ahead, the last of them {newest}: remove \
         their tasks first, as docs/OPERATIONS.md shows"
    )]
    FarFuture {
        /// The time in the newest entry id among those that were looked at.
        newest: Timestamp,
        /// How many are moved at most.
        at_most: u64,
    },
    /// A table attached to the history has bounds that are not times.
    #[error("the partition {name} has bounds of another kind: {bounds}")]
    Foreign {
        /// The table.
        name: String,
        /// What the server says of it.
        bounds: String,
    },
    /// The server failed or refused a statement.
    #[error("the partitions could not be looked at or changed")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for PartitionError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error.into())
    }
}

/// The partitions, the oldest first; `None` if the entries are in one table.
pub(crate) async fn list(connector: &Connector) -> Result<Option<Vec<Partition>>, PartitionError> {
    let mut connection = open(connector, connector.config().statement_timeout()).await?;
    read(&mut connection).await
}

/// Makes the layout partitioned unless it is, and sees to it that the month of `now` and so many after
/// it have partitions. Gives the partitions that were not there before.
pub(crate) async fn partition(
    connector: &Connector,
    now: Timestamp,
    months_ahead: u32,
) -> Result<Vec<Partition>, PartitionError> {
    let mut connection = open(connector, Duration::ZERO).await?;
    begin(&mut connection).await?;
    convert::drop_range_check(&mut connection).await?;
    let before = read(&mut connection).await?;
    if before.is_none() {
        convert::convert(&mut connection, now).await?;
    }
    extend::extend(&mut connection, now, months_ahead).await?;
    let mut partitions = read(&mut connection).await?.unwrap_or_default();
    let is_new = |new: &Partition| before.iter().flatten().all(|old| old.name != new.name);
    partitions.retain(is_new);
    Ok(partitions)
}

/// Why partitions are kept, and when the next one can be dropped; `None` if the entries are in one table.
pub(crate) async fn outlook(
    connector: &Connector,
    policy: &RetentionPolicy,
    now: Timestamp,
) -> Result<Option<Vec<PartitionOutlook>>, PartitionError> {
    let mut connection = open(connector, connector.config().statement_timeout()).await?;
    drop_expired::outlook(&mut connection, policy, now).await
}

/// Drops the partitions that hold little else than tasks which the policy covers, the oldest first, and
/// tells of each that could have gone by its age. None is begun after so long. Nothing if the entries are in
/// one table.
pub(crate) async fn drop_expired(
    connector: &Connector,
    policy: &RetentionPolicy,
    within: Option<Duration>,
) -> Result<Vec<PartitionDrop>, PartitionError> {
    let began = Instant::now();
    let mut connection = open(connector, Duration::ZERO).await?;
    if read(&mut connection).await?.is_none() {
        return Ok(Vec::new());
    }
    begin(&mut connection).await?;
    convert::drop_range_check(&mut connection).await?;
    let goes_on = || within.is_none_or(|within| began.elapsed() < within);
    drop_expired::drop_expired(&mut connection, policy, goes_on).await
}
