//! Changes as entries of the audit log, and entries without the context of their write.

use super::action::Action;
use super::change::Change;
use super::entry::{AuditEntry, EntityId, EntityKind, NewAuditEntry};
use crate::write::WriteContext;
use crate::{JsonText, UserId};

impl AuditEntry {
    /// Creates the entry of a change in a write of an owner.
    #[must_use]
    pub fn of(
        change: Change,
        user: UserId,
        context: &WriteContext,
        ordinal: u32,
        position: i64,
    ) -> Self {
        Self {
            user,
            write_id: context.id,
            ordinal,
            position,
            at: context.at,
            actor: context.actor.clone(),
            action: change.action,
            entity: change.entity,
            entity_id: change.entity_id,
            before: change.before,
            after: change.after,
            note: context.note.clone(),
        }
    }
}

impl Change {
    /// Creates the change of an entry that an adapter reads.
    #[must_use]
    pub const fn of(
        action: Action,
        entity: EntityKind,
        entity_id: EntityId,
        before: Option<JsonText>,
        after: Option<JsonText>,
    ) -> Self {
        Self {
            action,
            entity,
            entity_id,
            before,
            after,
        }
    }
}

/// What an entry is about, without the context of its write.
impl From<AuditEntry> for Change {
    fn from(entry: AuditEntry) -> Self {
        Self {
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            before: entry.before,
            after: entry.after,
        }
    }
}

impl From<NewAuditEntry> for Change {
    fn from(entry: NewAuditEntry) -> Self {
        Self {
            action: entry.action.action().clone(),
            entity: entry.entity,
            entity_id: entry.entity_id,
            before: entry.before.map(|fields| fields.as_json().clone()),
            after: entry.after.map(|fields| fields.as_json().clone()),
        }
    }
}
