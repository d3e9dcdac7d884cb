//! Entries that are dated years ahead, by a wrong clock or an import.
//!
//! No month is made for them, and none may begin behind them: they are moved to the partition without an
//! end, whatever else the table has that they are in.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::timestamp::Timestamp;
use uuid::Uuid;

use super::PartitionError;
use super::month_bounds::{first_id, timestamp_of};
use super::names::quoted;

/// Entries that are further ahead of the clock have no say in where months begin.
pub(super) const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// How many are moved at most: it is done while saves wait.
const AT_MOST: u64 = 10_000;

/// Where they are between two steps of a conversion: in a table that the plain one is inherited by, so that
/// they are read and removed like all others.
pub(super) const ASIDE: &str = "task_history_far_future";

/// Has the moved entries in it while a partition is split.
const NOTED: &str = "far_future_keys";

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newest: Option<Uuid>,
}

/// Notes the keys of a table's entries that lie behind its end, and tells whether there are some. None may
/// be added meanwhile. Reads the whole table.
pub(super) async fn note(
    connection: &mut AsyncPgConnection,
    table: &str,
    end: Timestamp,
) -> Result<bool, PartitionError> {
    let noted = format!(
        "DROP TABLE IF EXISTS pg_temp.{NOTED};
         CREATE TEMPORARY TABLE {NOTED} AS
         SELECT user_id, entry_id FROM ONLY {} WHERE entry_id >= '{}' LIMIT {}",
        quoted(table),
        first_id(end),
        AT_MOST + 1,
    );
    connection.batch_execute(&noted).await?;
    let question = format!(
        "SELECT count(*) AS entries,
                (SELECT entry_id FROM {NOTED} ORDER BY entry_id DESC LIMIT 1) AS newest
         FROM {NOTED}"
    );
    let found: Noted = diesel::sql_query(question).get_result(connection).await?;
    match found.newest.and_then(timestamp_of) {
        Some(newest) if u64::try_from(found.entries).is_ok_and(|entries| entries > AT_MOST) => {
            Err(PartitionError::FarFuture {
                newest,
                at_most: AT_MOST,
            })
        }
        newest => Ok(newest.is_some()),
    }
}

/// Moves the noted entries out of the plain table, where they are still seen.
pub(super) fn set_aside(owner: &str) -> String {
    format!(
        "CREATE TABLE {ASIDE} (PRIMARY KEY (user_id, entry_id)) INHERITS (task_history); \
         ALTER TABLE {ASIDE} OWNER TO {owner}; \
         INSERT INTO {ASIDE} SELECT entry.* FROM ONLY task_history AS entry \
         JOIN {NOTED} AS noted ON noted.user_id = entry.user_id AND noted.entry_id = entry.entry_id; \
         {}",
        removed("task_history")
    )
}

/// Takes the noted entries out of a partition, in the same transaction to be [put back](put_back) into the
/// others.
pub(super) fn taken_out(partition: &str) -> [String; 2] {
    let copied = format!(
        "CREATE TEMPORARY TABLE {ASIDE} ON COMMIT DROP AS SELECT entry.* FROM {} AS entry \
         JOIN {NOTED} AS noted ON noted.user_id = entry.user_id AND noted.entry_id = entry.entry_id",
        quoted(partition)
    );
    [copied, removed(partition)]
}

fn removed(table: &str) -> String {
    format!(
        "DELETE FROM ONLY {} AS entry USING {NOTED} AS noted \
         WHERE noted.user_id = entry.user_id AND noted.entry_id = entry.entry_id",
        quoted(table)
    )
}

/// Adds the entries that were moved to the history, and removes the table that they were in.
pub(super) fn put_back() -> String {
    format!(
        "INSERT INTO task_history OVERRIDING SYSTEM VALUE SELECT * FROM {ASIDE}; DROP TABLE {ASIDE}"
    )
}
