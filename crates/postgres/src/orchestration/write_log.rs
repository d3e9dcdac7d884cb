//! The audit log as the log of writes: it recognizes repeated writes and keeps their answers.

mod statements;

use diesel::OptionalExtension;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::DeserializeOwned;
use tasktrail_domain::orchestration::WriteConflict;
use tasktrail_domain::orchestration::audit::{Action, Change, EntityId, EntityKind};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_domain::write::{WriteContext, WriteId};
use tasktrail_domain::{InvalidValue, JsonText, UserId};
use tasktrail_postgres_client::error::{Refusal, StoreError};
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{Record, Replayed};
use crate::error::corrupt;
use crate::jsonb_result::StoredJson;

/// The first entry of an earlier write with the same id.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) id: WriteId,
    pub(super) action: Action,
    pub(super) entity: EntityKind,
    pub(super) entity_id: EntityId,
    pub(super) after: Option<JsonText>,
    /// The result of the write; `None` if the other fields, or the rows, determine it.
    pub(super) answer: Option<JsonText>,
}

/// Action, entity, entity id, after and answer of the first entry of a write.
pub(super) type ReplayRow = (
    String,
    String,
    String,
    Option<StoredJson>,
    Option<StoredJson>,
);

impl Replay {
    pub(super) fn of_row(user: &UserId, id: WriteId, row: ReplayRow) -> Result<Self, StoreError> {
        let (action, entity, entity_id, after, answer) = row;
        let refused = |column| move |error: InvalidValue| unreadable(column, user, id, error);
        let json = |column, json: Option<StoredJson>| {
            let json = json.map(|StoredJson(json)| json).transpose();
            json.map_err(|error| unreadable(column, user, id, error))
        };
        Ok(Self {
            id,
            action: Action::new(action).map_err(refused("action"))?,
            entity: entity.parse().map_err(refused("entity"))?,
            entity_id: EntityId::new(entity_id).map_err(refused("entity_id"))?,
            after: json("after", after)?,
            answer: json("answer", answer)?,
        })
    }

    /// Refuses the write, unless the earlier one had one of these actions and the same subject.
    pub(super) fn check(
        &self,
        actions: &[Action],
        entity: EntityKind,
        entity_id: &str,
    ) -> Result<(), StoreError> {
        let same = actions.contains(&self.action)
            && self.entity == entity
            && self.entity_id.as_str() == entity_id;
        same.then_some(()).ok_or_else(|| conflict(self.id))
    }

    /// The answer of the earlier write. One that is no `T` was given by another method.
    pub(super) fn answer<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let answer = self
            .answer
            .as_ref()
            .and_then(|answer| answer.to_value().ok());
        // By way of a value: with the feature `arbitrary_precision` of `serde_json`, tagged enums cannot
        // read numbers from a text.
        let answer = answer.and_then(|answer| serde_json::from_value(answer).ok());
        answer.ok_or_else(|| conflict(self.id))
    }
}

fn unreadable(
    column: &'static str,
    user: &UserId,
    id: WriteId,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    corrupt("audit_log", column, format_args!("{user} {id}"), error)
}

/// The error for the id of a write that was used for a different one.
pub(super) fn conflict(id: WriteId) -> StoreError {
    StoreError::Refused(Refusal::new(
        ErrorKind::Conflict,
        Effect::NotApplied,
        WriteConflict::new(id),
    ))
}

/// Returns whether a statement failed because the same write, or a task of the same plan, was
/// committed after it began. Run it again: it then finds what was committed.
pub(super) fn was_committed_meanwhile(error: &StoreError) -> bool {
    use diesel::result::{DatabaseErrorKind, Error};
    const KEYS: [&str; 4] = [
        "audit_log_pkey",
        "task_dependency_pkey",
        "task_pkey",
        "task_state_pkey",
    ];
    matches!(error, StoreError::Query(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, found))
        if found.constraint_name().is_some_and(|key| KEYS.contains(&key)))
}

/// Reads the first entry of an earlier write with this id. In a transaction, call it once the rows
/// that the write changes are locked: a concurrent write with the same id has committed then.
pub(super) async fn replayed(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    id: WriteId,
) -> Result<Option<Replay>, StoreError> {
    let row: Option<ReplayRow> = Prepared(Replayed::of(user, id))
        .get_result(connection)
        .await
        .optional()?;
    row.map(|row| Replay::of_row(user, id, row)).transpose()
}

/// Adds entries, in their order and with ordinals from `first_ordinal`. The entry with ordinal 0
/// keeps the answer.
pub(super) async fn record(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    first_ordinal: i32,
    changes: &[Change],
    answer: Option<&JsonText>,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let record = Record::of(context, user, first_ordinal, changes, answer);
    Prepared(record).execute(connection).await?;
    Ok(())
}
