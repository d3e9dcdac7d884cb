//! Creates partitions for the coming months.

use std::error::Error;

use diesel::QueryableByName;
use diesel::result::DatabaseErrorKind;
use diesel::sql_types::Bool;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres::ownership::owner;

use super::convert::{demand, drop_range_check, end_of_table, validate, validation};
use super::deadline::Deadline;
use super::month_bounds::{Bounds, first_id, months_between, months_later};
use super::names::{name, quoted};
use super::short_lock::{KEEPING_OUT, LONG_RETRY, Lock, change, lock};
use super::{Partition, PartitionError, far_future, like, read};

/// Creates partitions for the month of `now` and `months_ahead` further months, if they are
/// missing.
pub(super) async fn extend(
    connection: &mut AsyncPgConnection,
    now: Timestamp,
    months_ahead: u32,
) -> Result<(), PartitionError> {
    let wanted = months_later(now, months_ahead.saturating_add(1));
    let partitions = read(connection).await?.ok_or(PartitionError::Plain)?;
    let Some((last, begin)) = open_end(&partitions) else {
        return Ok(());
    };
    if begin >= wanted {
        return Ok(());
    }
    if !has_entries_before(connection, last, wanted).await? {
        let months = months_between(begin, wanted);
        let statements = [
            format!(
                "ALTER TABLE task_history DETACH PARTITION {}",
                quoted(&last.name)
            ),
            attach(last, wanted),
            made(&months, &owner(connection).await?, &open_from(wanted)),
        ];
        match change(connection, &statements.join("; "), LONG_RETRY).await {
            // An entry of one of these months was saved in between.
            Err(PartitionError::Query(error)) if is_out_of_range(&*error) => {}
            done => return done,
        }
    }
    close(connection, last, begin, now, wanted).await
}

fn open_from(from: Timestamp) -> String {
    name(&without_end(from))
}

fn is_out_of_range(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let violation = DatabaseErrorKind::CheckViolation;
    matches!(error.downcast_ref(),
        Some(diesel::result::Error::DatabaseError(kind, _)) if *kind == violation)
}

/// The partition without an end, and its start.
fn open_end(partitions: &[Partition]) -> Option<(&Partition, Timestamp)> {
    let last = partitions
        .iter()
        .find(|partition| partition.until.is_none())?;
    Some((last, last.from?))
}

/// Attaches the last partition again, with a later start.
fn attach(last: &Partition, from: Timestamp) -> String {
    let bounds = without_end(from);
    let (old, new) = (quoted(&last.name), quoted(&name(&bounds)));
    format!(
        "ALTER TABLE {old} RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}",
        bounds.sql()
    )
}

fn without_end(from: Timestamp) -> Bounds {
    Bounds {
        from: Some(from),
        until: None,
    }
}

/// Creates partitions with the storage and privileges of `model`.
fn made(ranges: &[Bounds], owner: &str, model: &str) -> String {
    let create = ranges.iter().map(|range| {
        let (new, bounds) = (name(range), range.sql());
        let (like_table, like_indexes) = (like::table(&new, model), like::indexes(&new, model));
        let new = quoted(&new);
        format!(
            "CREATE TABLE {new} PARTITION OF task_history {bounds}; \
             ALTER TABLE {new} OWNER TO {owner}; {like_table}; {like_indexes}"
        )
    });
    create.collect::<Vec<_>>().join("; ")
}

/// Closes the last partition after its entries, because months were not created in time, and
/// creates a new last partition.
async fn close(
    connection: &mut AsyncPgConnection,
    last: &Partition,
    begin: Timestamp,
    now: Timestamp,
    wanted: Timestamp,
) -> Result<(), PartitionError> {
    let end = end_of_table(connection, &last.name, now).await?;
    let end = end.max(months_later(begin, 1));
    let closed = Bounds {
        from: Some(begin),
        until: Some(end),
    };
    let mut ranges = months_between(end, wanted);
    ranges.push(without_end(end.max(wanted)));
    let (old, new) = (quoted(&last.name), name(&closed));
    let made = made(&ranges, &owner(connection).await?, &new);
    let new = quoted(&new);
    let statements = format!(
        "ALTER TABLE task_history DETACH PARTITION {old}; \
         ALTER TABLE {old} RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}; \
         ALTER TABLE {new} DROP CONSTRAINT task_history_range_check; {made}",
        closed.sql(),
    );
    let changed = close_with(connection, last, &closed, end, &statements).await;
    if changed.is_err() {
        drop_range_check(connection).await?;
    }
    changed
}

async fn close_with(
    connection: &mut AsyncPgConnection,
    last: &Partition,
    closed: &Bounds,
    end: Timestamp,
    statements: &str,
) -> Result<(), PartitionError> {
    demand(connection, &last.name, closed).await?;
    let owner = owner(connection).await?;
    if far_future::note(connection, &last.name, end, &owner).await? {
        return close_before_far_future(connection, last, statements).await;
    }
    validate(connection, &last.name).await?;
    change(connection, statements, LONG_RETRY).await
}

/// The same if entries are dated years ahead: they are moved to the new partitions. Saves wait
/// while the other rows are checked, because until then no partition accepts these entries.
async fn close_before_far_future(
    connection: &mut AsyncPgConnection,
    last: &Partition,
    statements: &str,
) -> Result<(), PartitionError> {
    let deadline = Deadline::begin();
    let changed = connection
        .transaction(async |connection| {
            lock(connection, Lock::Writers, KEEPING_OUT.within(&deadline)?).await?;
            deadline.saves_wait();
            let [copied, removed] = far_future::taken_out(&last.name);
            for statement in [copied, removed, validation(&last.name)] {
                deadline.run(connection, &statement).await?;
            }
            let statements = format!("{statements}; {}", far_future::put_back());
            change(connection, &statements, KEEPING_OUT.within(&deadline)?).await?;
            deadline.limit(connection).await
        })
        .await;
    changed.map_err(|error| deadline.judge(error))
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

async fn has_entries_before(
    connection: &mut AsyncPgConnection,
    partition: &Partition,
    until: Timestamp,
) -> Result<bool, PartitionError> {
    let query = format!(
        "SELECT EXISTS (SELECT FROM {} WHERE entry_id < $1) AS found",
        quoted(&partition.name)
    );
    let answer: Found = diesel::sql_query(query)
        .bind::<diesel::sql_types::Uuid, _>(first_id(until))
        .get_result(connection)
        .await?;
    Ok(answer.found)
}
