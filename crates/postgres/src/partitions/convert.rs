//! From one table to partitions, without copying a row.
//!
//! The table becomes the first partition as it is. What proves that its entries are in that range is a
//! check constraint, which is validated while everybody goes on; then a step of milliseconds puts a
//! partitioned table above it.

use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use std::time::Duration;
use tasktrail_domain::timestamp::Timestamp;
use uuid::Uuid;

use super::PartitionError;
use super::brief_lock::{PATIENCE, change};
use super::calendar::{Bounds, begun_by, first_id, months_later};
use super::names::{name, quoted};

/// What puts the partitioned table above the plain one.
const CONVERT: &str = include_str!("convert.sql");

/// How far ahead of the clock a caller's clock may be before its save is refused while the check is
/// validated.
const MARGIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);

pub(super) async fn convert(
    connection: &mut AsyncPgConnection,
    now: Timestamp,
) -> Result<(), PartitionError> {
    let until = end_of_table(connection, "task_history", now).await?;
    let first = Bounds {
        from: None,
        until: Some(until),
    };
    let last = Bounds {
        from: Some(until),
        until: None,
    };
    prove(connection, "task_history", until).await?;
    let statements = CONVERT
        .replace("{first}", &name(&first))
        .replace("{first_bounds}", &first.sql())
        .replace("{last}", &name(&last))
        .replace("{last_bounds}", &last.sql());
    change(connection, &statements, PATIENCE).await
}

/// The beginning of the first month that is behind everything in a table and everything that may be
/// added while it is changed.
pub(super) async fn end_of_table(
    connection: &mut AsyncPgConnection,
    table: &str,
    now: Timestamp,
) -> Result<Timestamp, PartitionError> {
    let newest = newest_id(connection, table).await?.and_then(begun_by);
    match newest {
        Some(newest) if newest > now.saturating_add(YEAR) => {
            Err(PartitionError::FarFuture { newest })
        }
        newest => {
            let last = newest.unwrap_or(now).max(now.saturating_add(MARGIN));
            Ok(months_later(last, 1))
        }
    }
}

/// Has the server check that every entry of the table is before that instant, those included that are
/// added from now on. Reads and saves go on meanwhile.
pub(super) async fn prove(
    connection: &mut AsyncPgConnection,
    table: &str,
    until: Timestamp,
) -> Result<(), PartitionError> {
    let (table, id) = (quoted(table), first_id(until));
    // An earlier run may have been ended between the two.
    let check = format!(
        "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS task_history_range_check, \
         ADD CONSTRAINT task_history_range_check CHECK (entry_id < '{id}') NOT VALID"
    );
    change(connection, &check, PATIENCE).await?;
    let validate = format!("ALTER TABLE {table} VALIDATE CONSTRAINT task_history_range_check");
    Ok(connection.batch_execute(&validate).await?)
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
}

/// Reads the whole table: no index begins with the id.
async fn newest_id(
    connection: &mut AsyncPgConnection,
    table: &str,
) -> Result<Option<Uuid>, PartitionError> {
    let question = format!(
        "SELECT entry_id FROM {} ORDER BY entry_id DESC LIMIT 1",
        quoted(table)
    );
    let newest: Option<Newest> = diesel::sql_query(question)
        .get_result(connection)
        .await
        .optional()?;
    Ok(newest.and_then(|newest| newest.entry_id))
}
