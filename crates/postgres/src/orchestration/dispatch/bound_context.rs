//! The context of a write as values that statements bind.

use chrono::{DateTime, Utc};
use tasktrail_domain::write::{Note, WriteContext};
use uuid::Uuid;

/// A [`WriteContext`], converted for a statement.
#[derive(Debug)]
pub(super) struct BoundContext<'e> {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) actor: String,
    pub(super) note: Option<&'e str>,
}

impl<'e> BoundContext<'e> {
    pub(super) fn of(context: &'e WriteContext) -> Self {
        Self {
            id: context.id.as_uuid(),
            at: context.at.to_datetime(),
            actor: context.actor.to_string(),
            note: context.note.as_ref().map(Note::as_str),
        }
    }
}
