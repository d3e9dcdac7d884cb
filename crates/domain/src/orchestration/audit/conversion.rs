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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::JsonText;
    use crate::orchestration::Payload;
    use crate::orchestration::audit::{CustomAction, EntityKind};
    use crate::timestamp::Timestamp;
    use crate::write::{Actor, ActorKind, Note, WriteId};

    #[test]
    fn entry_is_a_change_in_the_context_of_its_write() {
        let id: WriteId = "0199c2f0-0000-7000-8000-000000000001".parse().unwrap();
        let actor = Actor::new(ActorKind::Service, "planner").unwrap();
        let note = Note::new("nightly").unwrap();
        let context = WriteContext::new(id, actor.clone(), Timestamp::MAX).with_note(note.clone());
        let user = UserId::new("alice").unwrap();
        let new = NewAuditEntry::new(
            user.clone(),
            CustomAction::new("release.approved").unwrap(),
            EntityKind::Other,
            "release-7".parse().unwrap(),
        )
        .with_fields(None, r#"{"by":"bob"}"#.parse::<Payload>().unwrap());

        let change = Change::from(new);
        assert_eq!(change.action.as_str(), "release.approved");
        assert_eq!(change.entity, EntityKind::Other);
        assert_eq!(change.before, None);
        let after = change.after.as_ref().map(JsonText::as_str);
        assert_eq!(after, Some(r#"{"by":"bob"}"#));
        let entry = AuditEntry::of(change.clone(), user.clone(), &context, 3, 7);

        assert_eq!(
            (&entry.user, entry.write_id, entry.at),
            (&user, id, Timestamp::MAX)
        );
        assert_eq!((entry.ordinal, entry.position), (3, 7));
        assert_eq!((&entry.actor, &entry.note), (&actor, &Some(note)));
        assert_eq!(entry.entity_id.as_str(), "release-7");
        assert_eq!(Change::from(entry), change);
    }
}
