//! Entries that are dated years ahead, because of a wrong clock or an import.
//!
//! They must not prevent new months. So they are moved to the partition without an end, and no
//! month is created for them.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::timestamp::Timestamp;
use uuid::Uuid;

use super::PartitionError;
use super::month_bounds::{first_id, timestamp_of};
use super::names::quoted;

/// Entries dated further ahead than this are ignored when the start of a month is chosen.
pub(super) const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Limit of entries that are moved, because saves wait during the move.
const AT_MOST: u64 = 10_000;

/// Holds the entries between two steps of a conversion. It inherits from the plain table, so
/// queries and deletes on that table include it.
pub(super) const ASIDE: &str = "task_history_far_future";

/// Contains the keys of these entries. It is no temporary table, because the steps that use it may
/// run in several sessions, behind a pooler.
const NOTED: &str = "task_history_far_future_keys";

#[derive(QueryableByName)]
struct Noted {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    newest: Option<Uuid>,
}

/// Records the keys of the entries at or after `end`, and returns whether there are any. Saves must
/// not be able to add such entries. Reads the whole table. [`put_back`] or [`forget`] removes the
/// record.
pub(super) async fn note(
    connection: &mut AsyncPgConnection,
    table: &str,
    end: Timestamp,
    owner: &str,
) -> Result<bool, PartitionError> {
    let noted = format!(
        "DROP TABLE IF EXISTS {NOTED};
         CREATE UNLOGGED TABLE {NOTED} AS
         SELECT user_id, entry_id FROM ONLY {} WHERE entry_id >= '{}' LIMIT {};
         ALTER TABLE {NOTED} OWNER TO {owner}",
        quoted(table),
        first_id(end),
        AT_MOST + 1,
    );
    connection.batch_execute(&noted).await?;
    let query = format!(
        "SELECT count(*) AS entries,
                (SELECT entry_id FROM {NOTED} ORDER BY entry_id DESC LIMIT 1) AS newest
         FROM {NOTED}"
    );
    let found: Noted = diesel::sql_query(query).get_result(connection).await?;
    match found.newest.and_then(timestamp_of) {
        Some(newest) if u64::try_from(found.entries).is_ok_and(|entries| entries > AT_MOST) => {
            Err(PartitionError::FarFuture {
                newest,
                at_most: AT_MOST,
            })
        }
        None => {
            forget(connection).await?;
            Ok(false)
        }
        Some(_) => Ok(true),
    }
}

/// Removes the record of the keys, if there is one.
pub(super) async fn forget(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let forgotten = format!("DROP TABLE IF EXISTS {NOTED}");
    Ok(connection.batch_execute(&forgotten).await?)
}

/// Moves the recorded entries out of the plain table. Queries on it still see them.
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

/// Moves the recorded entries out of a partition. The same transaction must [put them
/// back](put_back).
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

/// Moves the entries back to the history, and drops the table that held them, and their keys.
pub(super) fn put_back() -> String {
    format!(
        "INSERT INTO task_history OVERRIDING SYSTEM VALUE SELECT * FROM {ASIDE}; DROP TABLE {ASIDE}; \
         DROP TABLE IF EXISTS {NOTED}"
    )
}
