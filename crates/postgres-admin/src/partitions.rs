//! Monthly partitions of the entries, so that old history can be removed by dropping whole tables.
//!
//! `task_history` is partitioned by ranges of the entry ids. These are UUIDv7, which start with a
//! timestamp. There is one partition for each month, one for all older entries, and one for all
//! newer ones. So every id belongs to a partition, and saves never fail for lack of one. The
//! repository does not depend on the layout: keys, statements and results are the same. For costs
//! and benefits, see `docs/adr/0018-optional-monthly-partitions.md`.

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

/// A partition of the entries: a range of the times in their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partition {
    /// The name of its table.
    pub name: String,
    /// Start of the range, inclusive; `None` if it has no start.
    pub from: Option<Timestamp>,
    /// End of the range, exclusive; `None` if it has no end.
    pub until: Option<Timestamp>,
    /// Estimated number of entries.
    pub entries: u64,
    /// Size with indexes, in bytes.
    pub bytes: u64,
}

/// Why partitions could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The database could not be reached.
    #[error("cannot connect to the database")]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// Another process is changing the partitions.
    #[error("another process is changing the partitions")]
    Busy,
    /// The role does not own the tables.
    #[error("only {owner}, the owner of task_history, may change the partitions")]
    NotOwner {
        /// The owner of `task_history`.
        owner: String,
    },
    /// The entries are in one table.
    #[error("task_history is not partitioned: run `tasktrail migrate partition`")]
    Plain,
    /// The table could not be locked in this time, because transactions use it.
    #[error(
        "task_history could not be locked within {0:?}: a transaction is using it; try again later"
    )]
    Locked(Duration),
    /// A change of the partitions blocked saves for too long. Nothing was changed.
    #[error("given up after {limit:?}: saves were held for {held:?}; the next run tries again")]
    GivenUp {
        /// Time limit, from the request for the lock that blocks saves.
        limit: Duration,
        /// How long saves waited.
        held: Duration,
    },
    /// Objects depend on the table that a new partitioned table would not have.
    #[error("task_history is in use by {}: drop these first, then create them again on the partitioned \
             table", .0.join(", "))]
    InUse(Vec<String>),
    /// A partition has objects that its replacement would not have.
    #[error(
        "{partition} has {}, which its replacement would lack: drop them, or create them on task_history",
        .things.join(", ")
    )]
    Irreplaceable {
        /// The name of the partition.
        partition: String,
        /// The objects, with kind and name.
        things: Vec<String>,
    },
    /// Too many entries are dated more than a year ahead.
    #[error(
        "more than {at_most} entries are dated more than a year ahead, the latest {newest}: first remove \
         their tasks, as described in docs/OPERATIONS.md"
    )]
    FarFuture {
        /// The time in the greatest entry id that was read.
        newest: Timestamp,
        /// The largest number of entries that can be moved.
        at_most: u64,
    },
    /// The bounds of a partition are not times.
    #[error("the bounds of partition {name} are not times: {bounds}")]
    Foreign {
        /// The name of the partition.
        name: String,
        /// The bounds, as the server reports them.
        bounds: String,
    },
    /// The server failed or refused a statement.
    #[error("cannot read or change the partitions")]
    Query(#[source] Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for PartitionError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Query(error.into())
    }
}

/// Lists the partitions, oldest first; `None` if the entries are in one table.
pub(crate) async fn list(connector: &Connector) -> Result<Option<Vec<Partition>>, PartitionError> {
    let mut connection = open(connector, connector.config().statement_timeout()).await?;
    read(&mut connection).await
}

/// Partitions the table unless it is partitioned, and creates the partitions for the month of `now`
/// and `months_ahead` further months. Returns the new partitions.
pub(crate) async fn partition(
    connector: &Connector,
    now: Timestamp,
    months_ahead: u32,
) -> Result<Vec<Partition>, PartitionError> {
    let mut connection = open(connector, Duration::ZERO).await?;
    let _lock = begin(connector, &mut connection).await?;
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

/// Explains which partitions are kept, and when the next one can be dropped; `None` if the entries
/// are in one table.
pub(crate) async fn outlook(
    connector: &Connector,
    policy: &RetentionPolicy,
    now: Timestamp,
) -> Result<Option<Vec<PartitionOutlook>>, PartitionError> {
    let mut connection = open(connector, connector.config().statement_timeout()).await?;
    drop_expired::outlook(&mut connection, policy, now).await
}

/// Drops expired partitions, oldest first, and returns the result for each. Starts none after
/// `within`. Does nothing if the entries are in one table.
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
    let _lock = begin(connector, &mut connection).await?;
    convert::drop_range_check(&mut connection).await?;
    let may_continue = || within.is_none_or(|within| began.elapsed() < within);
    drop_expired::drop_expired(&mut connection, policy, may_continue).await
}
