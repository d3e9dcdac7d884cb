//! Converts a plain table to a partitioned one, without copying rows.
//!
//! The plain table becomes the first partition. A check constraint proves that its entries are in
//! the range of that partition; it is validated while saves and reads continue. Then a step of
//! milliseconds attaches the table to a new partitioned one. Entries that are dated years ahead are
//! set aside before, and go to the last partition afterwards.

mod dependents;

use std::time::Duration;

use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::ownership::owner;
use uuid::Uuid;

use super::month_bounds::{Bounds, first_id, months_later, timestamp_of};
use super::names::{name, quoted};
use super::short_lock::{LONG_RETRY, change};
use super::{PartitionError, far_future, like};

/// Creates the partitioned table, and attaches the plain one.
const CONVERT: &str = include_str!("convert.sql");

/// How far ahead of `now` an entry may be dated while the check is validated. Later ones are
/// refused.
const MARGIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) async fn convert(
    connection: &mut AsyncPgConnection,
    now: Timestamp,
) -> Result<(), PartitionError> {
    dependents::none(connection).await?;
    let until = end_of_table(connection, "task_history", now).await?;
    let owner = owner(connection).await?;
    let converted = convert_until(connection, until, &owner).await;
    if converted.is_err() {
        drop_range_check(connection).await?;
    }
    converted
}

async fn convert_until(
    connection: &mut AsyncPgConnection,
    until: Timestamp,
    owner: &str,
) -> Result<(), PartitionError> {
    let first = Bounds {
        from: None,
        until: Some(until),
    };
    let last = Bounds {
        from: Some(until),
        until: None,
    };
    demand(connection, "task_history", &first).await?;
    let has_far = far_future::note(connection, "task_history", until, owner).await?;
    if has_far {
        let aside = far_future::set_aside(owner);
        change(connection, &aside, LONG_RETRY).await?;
    }
    validate(connection, "task_history").await?;
    let (first_name, last_name) = (name(&first), name(&last));
    let (release, put_back) = if has_far {
        let release = format!(
            "ALTER TABLE {} NO INHERIT {};",
            far_future::ASIDE,
            quoted(&first_name)
        );
        (release, far_future::put_back())
    } else {
        (String::new(), "NULL".to_owned())
    };
    let statements = CONVERT
        .replace("{first}", &first_name)
        .replace("{first_bounds}", &first.sql())
        .replace("{last}", &last_name)
        .replace("{last_bounds}", &last.sql())
        .replace("{owner}", owner)
        .replace("{release}", &release)
        .replace("{like_table}", &like::table(&last_name, &first_name))
        .replace("{like_indexes}", &like::indexes(&last_name, &first_name))
        .replace("{put_back}", &put_back);
    change(connection, &statements, LONG_RETRY).await
}

/// The start of the first month after all entries of a table, and after all that may be added
/// during the change. Entries dated years ahead are ignored.
pub(super) async fn end_of_table(
    connection: &mut AsyncPgConnection,
    table: &str,
    now: Timestamp,
) -> Result<Timestamp, PartitionError> {
    let far = now.saturating_add(far_future::YEAR);
    let newest = newest_before(connection, table, far).await?;
    let newest = newest.and_then(timestamp_of).unwrap_or(now);
    Ok(months_later(newest.max(now.saturating_add(MARGIN)), 1))
}

/// Adds a check constraint, so that the server refuses entries outside of the range. Does not read
/// existing rows.
pub(super) async fn demand(
    connection: &mut AsyncPgConnection,
    table: &str,
    bounds: &Bounds,
) -> Result<(), PartitionError> {
    let check = format!(
        "ALTER TABLE {} ADD CONSTRAINT task_history_range_check CHECK ({}) NO INHERIT NOT VALID",
        quoted(table),
        bounds.check()
    );
    change(connection, &check, LONG_RETRY).await
}

/// Validates the constraint that [`demand`] added. Saves and reads continue.
pub(super) async fn validate(
    connection: &mut AsyncPgConnection,
    table: &str,
) -> Result<(), PartitionError> {
    Ok(connection.batch_execute(&validation(table)).await?)
}

pub(super) fn validation(table: &str) -> String {
    format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT task_history_range_check",
        quoted(table)
    )
}

/// Removes constraints left over from a run that failed or was interrupted; later they would refuse
/// every save. Moves entries that were set aside back.
pub(super) async fn drop_range_check(
    connection: &mut AsyncPgConnection,
) -> Result<(), PartitionError> {
    let query = "SELECT conrelid::regclass::text AS table,
                           EXISTS (SELECT FROM pg_inherits WHERE inhparent = conrelid
                                   AND inhrelid = to_regclass('task_history_far_future')) AS aside
                    FROM pg_constraint
                    WHERE conname = 'task_history_range_check' AND contype = 'c'
                      AND (conrelid = to_regclass('task_history') OR conrelid IN
                           (SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass('task_history')))";
    let left: Vec<Checked> = diesel::sql_query(query).load(connection).await?;
    for Checked { table, aside } in left {
        tracing::info!(
            table,
            "removing a check constraint of an interrupted change"
        );
        let mut drop = format!("ALTER TABLE {table} DROP CONSTRAINT task_history_range_check");
        if aside {
            drop = format!("{drop}; {}", far_future::put_back());
        }
        change(connection, &drop, LONG_RETRY).await?;
    }
    far_future::forget(connection).await
}

#[derive(QueryableByName)]
struct Checked {
    #[diesel(sql_type = Text)]
    table: String,
    /// Whether some of its entries were set aside.
    #[diesel(sql_type = Bool)]
    aside: bool,
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
}

/// Reads the whole table, because no index starts with the entry id.
async fn newest_before(
    connection: &mut AsyncPgConnection,
    table: &str,
    end: Timestamp,
) -> Result<Option<Uuid>, PartitionError> {
    let query = format!(
        "SELECT entry_id FROM {} WHERE entry_id < $1 ORDER BY entry_id DESC LIMIT 1",
        quoted(table)
    );
    let newest: Option<Newest> = diesel::sql_query(query)
        .bind::<SqlUuid, _>(first_id(end))
        .get_result(connection)
        .await
        .optional()?;
    Ok(newest.and_then(|newest| newest.entry_id))
}
