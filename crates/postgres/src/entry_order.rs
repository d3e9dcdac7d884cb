//! Checks and repairs the order of new entries: the sequence of the ids must be above all ids.
//!
//! Rows can be copied without the sequence: by logical replication, `COPY`, or a migration service.
//! A save refuses to store an entry that would then sort wrongly (`save.sql`). This module detects
//! the problem before a save fails, and repairs the sequence.

mod misplaced;
mod repair;

use std::time::Duration;

use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_postgres_client::connection::Connector;
use tasktrail_postgres_client::error::timed_out;

pub use self::misplaced::SuspectTask;
pub use self::repair::OrderRepair;
pub(crate) use self::repair::repair;
use crate::error::{MigrateError, unread};
use crate::leaves::with_leaves;
use crate::schema_check::SchemaDifference;

/// How many pages at the end of each table are sampled. Copied rows are at the end.
const PAGES: i64 = 4;

/// An upper bound for the rows of a page: each row takes at least 100 bytes.
const ROWS_OF_A_PAGE: i64 = 100;

/// The next entry id, compared with the existing ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryOrder {
    /// The id that the next entry gets.
    pub next: i64,
    /// The greatest existing id; `None` without entries.
    pub greatest: Option<i64>,
}

impl EntryOrder {
    /// Creates the order of a store, from the id of the next entry and the greatest existing id.
    #[must_use]
    pub const fn new(next: i64, greatest: Option<i64>) -> Self {
        Self { next, greatest }
    }

    /// Returns whether new entries would sort before existing ones.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.greatest.is_some_and(|greatest| self.next <= greatest)
    }
}

/// Which rows are searched for the greatest id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    /// A sample at the end of each table: the cost does not grow with the store.
    Sample,
    /// All rows.
    Everywhere,
}

/// Result of a check of the entry order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The next id and the greatest one.
    Order {
        /// The ids that were found.
        order: EntryOrder,
        /// Whether all rows were read, rather than a sample.
        is_exact: bool,
    },
    /// The role may not read the sequence.
    Hidden,
    /// The table of entries does not exist, or its ids come from no sequence.
    Missing,
}

/// Refuses a store whose sequence is behind, by a sample. Skipped if another session has locked a
/// table, so that connecting waits for no lock.
pub(crate) async fn demand(connection: &mut AsyncPgConnection) -> Result<(), MigrateError> {
    match glance(connection).await.map_err(unread)? {
        Some(order) if order.is_behind() => Err(MigrateError::OutOfOrder {
            next: order.next,
            greatest: order.greatest.unwrap_or_default(),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Checks the order by a sample. Returns `None` if it is unknown: the role may not read the
/// sequence, another session has locked a table (this waits for no lock), or the tables differ from
/// the expected ones. Fails if the role may not read a table, or the connection is lost.
pub(crate) async fn glance(connection: &mut AsyncPgConnection) -> QueryResult<Option<EntryOrder>> {
    let lock = "BEGIN; LOCK TABLE task_history, task_summary IN ACCESS SHARE MODE NOWAIT";
    let found = match connection.batch_execute(lock).await {
        Ok(()) => ask(connection, Search::Sample).await,
        Err(error) => Err(error),
    };
    connection.batch_execute("ROLLBACK").await?;
    match found {
        Ok(Finding::Order { order, .. }) => Ok(Some(order)),
        Err(error) if error.to_string().starts_with("permission denied") => Err(error),
        Ok(Finding::Hidden | Finding::Missing) | Err(_) => Ok(None),
    }
}

/// Checks the order by all rows, or by a sample if reading them takes longer than `limit`.
///
/// # Errors
///
/// [`MigrateError`] if the database cannot be reached or read.
pub async fn look(connector: &Connector, limit: Duration) -> Result<Finding, MigrateError> {
    let mut connection = connect(connector, limit).await?;
    match ask(&mut connection, Search::Everywhere).await {
        Err(error) if timed_out(&error) => {
            ask(&mut connection, Search::Sample).await.map_err(unread)
        }
        found => found.map_err(unread),
    }
}

/// Checks the order by all rows, and returns a sequence that is behind as a schema difference.
pub(crate) async fn difference(
    connector: &Connector,
) -> Result<Option<SchemaDifference>, MigrateError> {
    let found = look(connector, Duration::ZERO).await?;
    let Finding::Order { order, .. } = found else {
        return Ok(None);
    };
    Ok(order.is_behind().then(|| SchemaDifference {
        object: "sequence task_history.id".to_owned(),
        expected: order.greatest.map(|greatest| {
            format!("beyond {greatest}, the greatest id (tasktrail migrate order)")
        }),
        found: Some(format!("next id {}", order.next)),
    }))
}

async fn connect(
    connector: &Connector,
    limit: Duration,
) -> Result<AsyncPgConnection, MigrateError> {
    let opened = connector.open_alone(limit).await;
    opened.map_err(MigrateError::Connect)
}

/// What exists on the server. Names are quoted for use in SQL.
#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Nullable<Text>)]
    sequence: Option<String>,
    #[diesel(sql_type = Bool)]
    readable: bool,
    #[diesel(sql_type = Array<Text>)]
    samples: Vec<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    next: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    greatest: Option<i64>,
}

const PLACE: &str = include_str!("entry_order/place.sql");

const EVERYWHERE: &str =
    "(SELECT max(id) FROM task_history), (SELECT max(last_entry) FROM task_summary)";

async fn ask(connection: &mut AsyncPgConnection, search: Search) -> QueryResult<Finding> {
    let place = place(connection).await?;
    let Some(sequence) = place.sequence else {
        return Ok(Finding::Missing);
    };
    if !place.readable {
        return Ok(Finding::Hidden);
    }
    let greatest = match search {
        Search::Everywhere => EVERYWHERE.to_owned(),
        Search::Sample => place.samples.join(", "),
    };
    let order = order(connection, &sequence, &greatest).await?;
    let is_exact = search == Search::Everywhere;
    Ok(Finding::Order { order, is_exact })
}

async fn place(connection: &mut AsyncPgConnection) -> QueryResult<Place> {
    diesel::sql_query(with_leaves(PLACE))
        .bind::<BigInt, _>(PAGES)
        .bind::<BigInt, _>(ROWS_OF_A_PAGE)
        .get_result(connection)
        .await
}

/// The sequence is read after the statement took its snapshot. So its value is above all ids that
/// the statement sees, unless the sequence is behind. The names come quoted from the server.
async fn order(
    connection: &mut AsyncPgConnection,
    sequence: &str,
    greatest: &str,
) -> QueryResult<EntryOrder> {
    let query = format!(
        "SELECT last_value + is_called::int AS next, greatest({greatest}) AS greatest FROM {sequence}"
    );
    let Row { next, greatest } = diesel::sql_query(query).get_result(connection).await?;
    Ok(EntryOrder { next, greatest })
}

#[derive(QueryableByName)]
struct Next {
    #[diesel(sql_type = BigInt)]
    next: i64,
}

async fn next(connection: &mut AsyncPgConnection, sequence: &str) -> QueryResult<i64> {
    let query = format!("SELECT last_value + is_called::int AS next FROM {sequence}");
    let Next { next } = diesel::sql_query(query).get_result(connection).await?;
    Ok(next)
}
