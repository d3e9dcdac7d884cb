//! Converts columns of the audit log to entries.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::orchestration::audit::{Action, AuditEntry, Change, EntityId};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::{Note, WriteContext, WriteId};
use tasktrail_domain::{InvalidValue, UserId};
use tasktrail_postgres_client::error::StoreError;
use uuid::Uuid;

use crate::error::corrupt;
use crate::jsonb_result::StoredJson;

/// Write id, ordinal, position, time, actor, action, entity, entity id, before, after and note.
pub(super) type EntryColumns = (
    SqlUuid,
    Integer,
    BigInt,
    Timestamptz,
    Text,
    Text,
    Text,
    Text,
    Nullable<Jsonb>,
    Nullable<Jsonb>,
    Nullable<Text>,
);
pub(super) type EntryRow = (
    Uuid,
    i32,
    i64,
    DateTime<Utc>,
    String,
    String,
    String,
    String,
    Option<StoredJson>,
    Option<StoredJson>,
    Option<String>,
);

/// Converts an entry of a known owner.
pub(super) fn entry(user: &UserId, row: EntryRow) -> Result<AuditEntry, StoreError> {
    let (id, ordinal, position, at, actor, action, entity, entity_id, before, after, note) = row;
    let key = || format!("{user} {id} {ordinal}");
    let refused = |column| move |source: InvalidValue| corrupt("audit_log", column, key(), source);
    let fields = |column, fields: Option<StoredJson>| {
        let fields = fields.map(|StoredJson(fields)| fields).transpose();
        fields.map_err(|source| corrupt("audit_log", column, key(), source))
    };
    let write_id = WriteId::try_from(id).map_err(refused("write_id"))?;
    let at = Timestamp::from_datetime(at).map_err(refused("at"))?;
    let actor = actor.parse().map_err(refused("actor"))?;
    let note = note.map(Note::new).transpose().map_err(refused("note"))?;
    let context = WriteContext::new(write_id, actor, at).with_note(note);
    let change = Change::of(
        Action::new(action).map_err(refused("action"))?,
        entity.parse().map_err(refused("entity"))?,
        EntityId::new(entity_id).map_err(refused("entity_id"))?,
        fields("before", before)?,
        fields("after", after)?,
    );
    let ordinal = ordinal.unsigned_abs();
    Ok(AuditEntry::of(
        change,
        user.clone(),
        &context,
        ordinal,
        position,
    ))
}
