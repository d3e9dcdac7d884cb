//! From one table to partitions, without copying a row.
//!
//! The table becomes the first partition as it is. What proves that its entries are in that range is a
//! check constraint, which is validated while everybody goes on; then a step of milliseconds puts a
//! partitioned table above it.

mod dependents;

use std::time::Duration;

use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::timestamp::Timestamp;
use uuid::Uuid;

use super::brief_lock::{PATIENT, change};
use super::calendar::{Bounds, begun_by, months_later};
use super::names::{name, quoted};
use super::{PartitionError, owner};

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
    dependents::none(connection).await?;
    let until = end_of_table(connection, "task_history", now).await?;
    let first = Bounds {
        from: None,
        until: Some(until),
    };
    let last = Bounds {
        from: Some(until),
        until: None,
    };
    let statements = CONVERT
        .replace("{first}", &name(&first))
        .replace("{first_bounds}", &first.sql())
        .replace("{last}", &name(&last))
        .replace("{last_bounds}", &last.sql())
        .replace("{owner}", &owner(connection).await?);
    prove(connection, "task_history", &first).await?;
    let changed = change(connection, &statements, PATIENT).await;
    if changed.is_err() {
        disprove(connection).await?;
    }
    changed
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

/// Has the server check that every entry of the table is in that range, those included that are added from
/// now on. Reads and saves go on meanwhile.
pub(super) async fn prove(
    connection: &mut AsyncPgConnection,
    table: &str,
    bounds: &Bounds,
) -> Result<(), PartitionError> {
    let (table, condition) = (quoted(table), bounds.check());
    let check = format!(
        "ALTER TABLE {table} ADD CONSTRAINT task_history_range_check CHECK ({condition}) NOT VALID"
    );
    change(connection, &check, PATIENT).await?;
    let validate = format!("ALTER TABLE {table} VALIDATE CONSTRAINT task_history_range_check");
    let validated = connection.batch_execute(&validate).await;
    if validated.is_err() {
        disprove(connection).await?;
    }
    Ok(validated?)
}

/// Removes the checks that a run left which was ended between two steps: when their time has come they
/// would refuse every save.
pub(super) async fn disprove(connection: &mut AsyncPgConnection) -> Result<(), PartitionError> {
    let question = "SELECT conrelid::regclass::text AS table FROM pg_constraint
                    WHERE conname = 'task_history_range_check' AND contype = 'c'
                      AND (conrelid = to_regclass('task_history') OR conrelid IN
                           (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('task_history')))";
    let left: Vec<Checked> = diesel::sql_query(question).load(connection).await?;
    for Checked { table } in left {
        tracing::info!(
            table,
            "removing the check that an interrupted change has left"
        );
        let drop = format!("ALTER TABLE {table} DROP CONSTRAINT task_history_range_check");
        change(connection, &drop, PATIENT).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Checked {
    #[diesel(sql_type = Text)]
    table: String,
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
