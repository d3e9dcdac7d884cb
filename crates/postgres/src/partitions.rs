//! The partitioned layout of the entries, for stores from which old history is to go by whole tables.
//!
//! `task_history` is then partitioned by ranges of the entry ids, which are UUIDv7 and so begin with a
//! time: a month each, one for all that is older, one for all that is newer. Every id has a partition at
//! any time, so no save fails for the want of one. Which layout a store has is nothing to the repository:
//! keys, statements and answers are the same. `docs/adr/0018-partitions-are-a-choice.md` says what it
//! costs and what it gains.

mod brief_lock;
mod calendar;
mod convert;
mod extend;
mod names;
mod retire;

use std::error::Error;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::RetentionPolicy;
use tasktrail_domain::timestamp::Timestamp;

use self::calendar::Bounds;
pub use self::retire::Retired;
use crate::advisory_lock::{lock_within, try_lock};
use crate::connection::Connector;

/// Names the advisory lock: the bytes of "tasktrap".
const LOCK: i64 = 0x7461_736b_7472_6170;

/// How long to wait for another process that changes them.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// Entry ids of the far future, which no month is made for.
    #[error(
        "the newest entry id says {newest}, more than a year ahead: months cannot begin behind it"
    )]
    FarFuture {
        /// The time in the newest entry id.
        newest: Timestamp,
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
    let mut connection = open(connector, connector.config().statement_timeout).await?;
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
    take(&mut connection).await?;
    may_change(&mut connection).await?;
    let before = read(&mut connection).await?;
    if before.is_none() {
        convert::convert(&mut connection, now).await?;
    }
    extend::extend(&mut connection, now, months_ahead).await?;
    let mut partitions = read(&mut connection).await?.unwrap_or_default();
    let old: Vec<_> = before
        .iter()
        .flatten()
        .map(|partition| &partition.name)
        .collect();
    partitions.retain(|partition| !old.contains(&&partition.name));
    Ok(partitions)
}

/// Held by the one process that maintains a database, until it is dropped.
pub struct MaintenanceTurn {
    /// The lock ends with it.
    _connection: AsyncPgConnection,
}

impl std::fmt::Debug for MaintenanceTurn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaintenanceTurn").finish_non_exhaustive()
    }
}

/// The bytes of "tasktram".
const MAINTENANCE_LOCK: i64 = 0x7461_736b_7472_616d;

pub(crate) async fn maintenance_turn(
    connector: &Connector,
) -> Result<Option<MaintenanceTurn>, PartitionError> {
    let mut connection = open(connector, Duration::ZERO).await?;
    let is_free = try_lock(&mut connection, MAINTENANCE_LOCK).await?;
    Ok(is_free.then_some(MaintenanceTurn {
        _connection: connection,
    }))
}

/// Drops the partitions that hold little else than tasks which the policy covers, the oldest first, and
/// tells of each that could have gone by its age. Nothing if the entries are in one table.
pub(crate) async fn retire(
    connector: &Connector,
    policy: &RetentionPolicy,
) -> Result<Vec<Retired>, PartitionError> {
    // Which are the newest of a user is not seen from one partition.
    if policy.keep_newest > 0 {
        return Ok(Vec::new());
    }
    let mut connection = open(connector, Duration::ZERO).await?;
    if read(&mut connection).await?.is_none() {
        return Ok(Vec::new());
    }
    may_change(&mut connection).await?;
    take(&mut connection).await?;
    retire::retire(&mut connection, policy).await
}

async fn open(
    connector: &Connector,
    statement_timeout: Duration,
) -> Result<AsyncPgConnection, PartitionError> {
    let opened = connector.open_alone(statement_timeout).await;
    opened.map_err(PartitionError::Connect)
}

/// The lock ends with the connection.
async fn take(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    if lock_within(connection, LOCK, PATIENCE).await? {
        Ok(())
    } else {
        Err(PartitionError::Busy)
    }
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Text)]
    owner: String,
}

async fn may_change(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let question = "SELECT relowner::regrole::text AS owner FROM pg_class
                    WHERE oid = to_regclass('task_history') AND NOT pg_has_role(relowner, 'USAGE')";
    let others: Vec<Owner> = diesel::sql_query(question).load(connection).await?;
    match others.into_iter().next() {
        Some(Owner { owner }) => Err(PartitionError::NotOwner { owner }),
        None => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    bounds: String,
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// The table itself, and a row for each partition.
const QUESTION: &str = "
    SELECT c.relkind::text AS kind, c.relname::text AS name,
           coalesce(pg_get_expr(c.relpartbound, c.oid), '') AS bounds,
           coalesce(nullif(pg_stat_get_live_tuples(c.oid), 0), greatest(c.reltuples, 0)::bigint) AS entries,
           coalesce(pg_total_relation_size(c.oid), 0) AS bytes
    FROM pg_class AS c
    WHERE c.oid = to_regclass('task_history')
       OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('task_history'))
    ORDER BY c.relispartition, name";

async fn read(
    connection: &mut AsyncPgConnection,
) -> Result<Option<Vec<Partition>>, PartitionError> {
    let rows: Vec<Row> = diesel::sql_query(QUESTION).load(connection).await?;
    match rows.split_first() {
        Some((table, partitions)) if table.kind == "p" => {
            let partitions: Result<Vec<_>, _> = partitions.iter().map(Row::partition).collect();
            let mut partitions = partitions?;
            partitions.sort_by_key(|partition| partition.from);
            Ok(Some(partitions))
        }
        _ => Ok(None),
    }
}

impl Row {
    fn partition(&self) -> Result<Partition, PartitionError> {
        let Some(bounds) = Bounds::read(&self.bounds) else {
            return Err(PartitionError::Foreign {
                name: self.name.clone(),
                bounds: self.bounds.clone(),
            });
        };
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(Partition {
            name: self.name.clone(),
            from: bounds.from,
            until: bounds.until,
            entries: count(self.entries),
            bytes: count(self.bytes),
        })
    }
}
