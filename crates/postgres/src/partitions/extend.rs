//! Partitions for the months to come.

use std::error::Error;

use diesel::QueryableByName;
use diesel::result::DatabaseErrorKind;
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::timestamp::Timestamp;

use super::brief_lock::{PATIENT, change};
use super::calendar::{Bounds, first_id, months_between, months_later};
use super::convert::{disprove, end_of_table, prove};
use super::names::{name, quoted};
use super::{Partition, PartitionError, owner, read};

/// Sees to it that the month of `now` and so many after it have partitions of their own.
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
            made(&months, &owner(connection).await?),
        ];
        match change(connection, &statements.join("; "), PATIENT).await {
            // An entry of one of these months has come meanwhile.
            Err(PartitionError::Query(error)) if is_out_of_range(&*error) => {}
            done => return done,
        }
    }
    close(connection, last, begin, now, wanted).await
}

fn is_out_of_range(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let violation = DatabaseErrorKind::CheckViolation;
    matches!(error.downcast_ref(),
        Some(diesel::result::Error::DatabaseError(kind, _)) if *kind == violation)
}

/// The partition without an end, and where it begins.
fn open_end(partitions: &[Partition]) -> Option<(&Partition, Timestamp)> {
    let last = partitions
        .iter()
        .find(|partition| partition.until.is_none())?;
    Some((last, last.from?))
}

/// Attaches the last partition again, to begin later.
fn attach(last: &Partition, from: Timestamp) -> String {
    let bounds = Bounds {
        from: Some(from),
        until: None,
    };
    let (old, new) = (quoted(&last.name), quoted(&name(&bounds)));
    format!(
        "ALTER TABLE {old} RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}",
        bounds.sql()
    )
}

fn made(ranges: &[Bounds], owner: &str) -> String {
    let create = ranges.iter().map(|range| {
        let (name, bounds) = (quoted(&name(range)), range.sql());
        format!(
            "CREATE TABLE {name} PARTITION OF task_history {bounds}; \
             ALTER TABLE {name} OWNER TO {owner}"
        )
    });
    create.collect::<Vec<_>>().join("; ")
}

/// Gives the last partition an end behind what is in it, for nobody made months in time, and begins
/// another there.
async fn close(
    connection: &mut AsyncPgConnection,
    last: &Partition,
    begin: Timestamp,
    now: Timestamp,
    wanted: Timestamp,
) -> Result<(), PartitionError> {
    let end = end_of_table(connection, &last.name, now).await?;
    let closed = Bounds {
        from: Some(begin),
        until: Some(end),
    };
    prove(connection, &last.name, &closed).await?;
    let open = Bounds {
        from: Some(end.max(wanted)),
        until: None,
    };
    let mut ranges = months_between(end, wanted);
    ranges.push(open);
    let (old, new) = (quoted(&last.name), quoted(&name(&closed)));
    let statements = format!(
        "ALTER TABLE task_history DETACH PARTITION {old}; \
         ALTER TABLE {old} RENAME TO {new}; \
         ALTER TABLE task_history ATTACH PARTITION {new} {}; \
         ALTER TABLE {new} DROP CONSTRAINT task_history_range_check; {}",
        closed.sql(),
        made(&ranges, &owner(connection).await?),
    );
    let changed = change(connection, &statements, PATIENT).await;
    if changed.is_err() {
        disprove(connection).await?;
    }
    changed
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
    let question = format!(
        "SELECT EXISTS (SELECT FROM {} WHERE entry_id < $1) AS found",
        quoted(&partition.name)
    );
    let answer: Found = diesel::sql_query(question)
        .bind::<diesel::sql_types::Uuid, _>(first_id(until))
        .get_result(connection)
        .await?;
    Ok(answer.found)
}
