use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::entry::{AuditEntry, EntityId, EntityKind};
use crate::InvalidValue;
use crate::text::{canonical, string_form};
use crate::timestamp::Timestamp;
use crate::write::Actor;

/// A filter for the audit log. The default accepts all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFilter {
    /// Only entries about this.
    pub entity: Option<(EntityKind, EntityId)>,
    /// Only entries of this actor.
    pub actor: Option<Actor>,
    /// Only entries with this action.
    pub action: Option<Action>,
    /// Only entries at or after this time.
    pub since: Option<Timestamp>,
    /// Only entries before this time.
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    /// Sets [`entity`](Self::entity).
    #[must_use]
    pub fn with_entity(mut self, kind: EntityKind, id: impl Into<EntityId>) -> Self {
        self.entity = Some((kind, id.into()));
        self
    }

    /// Sets [`actor`](Self::actor).
    #[must_use]
    pub fn with_actor(mut self, actor: impl Into<Option<Actor>>) -> Self {
        self.actor = actor.into();
        self
    }

    /// Sets [`action`](Self::action).
    #[must_use]
    pub fn with_action(mut self, action: impl Into<Option<Action>>) -> Self {
        self.action = action.into();
        self
    }

    /// Sets [`since`](Self::since) and [`until`](Self::until).
    #[must_use]
    pub fn with_time(
        mut self,
        since: impl Into<Option<Timestamp>>,
        until: impl Into<Option<Timestamp>>,
    ) -> Self {
        self.since = since.into();
        self.until = until.into();
        self
    }

    /// Returns whether the filter accepts an entry.
    #[must_use]
    pub fn accepts(&self, entry: &AuditEntry) -> bool {
        (self.entity.as_ref())
            .is_none_or(|(kind, id)| *kind == entry.entity && *id == entry.entity_id)
            && (self.actor.as_ref()).is_none_or(|actor| *actor == entry.actor)
            && (self.action.as_ref()).is_none_or(|action| *action == entry.action)
            && self.since.is_none_or(|since| since <= entry.at)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

/// A position in the audit log, which is listed by descending time, and by descending position for
/// equal instants.
///
/// Its text form is opaque and safe in URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditCursor {
    /// The time of the entry at this position.
    pub at: Timestamp,
    /// The position of the entry in the log.
    pub position: i64,
}

impl AuditCursor {
    /// Returns the position of an entry.
    #[must_use]
    pub const fn of(entry: &AuditEntry) -> Self {
        Self {
            at: entry.at,
            position: entry.position,
        }
    }
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The flipped sign bit avoids a minus sign.
        let instant = self.at.as_micros().cast_unsigned() ^ (1 << 63);
        write!(f, "{instant:x}-{}", self.position)
    }
}

string_form!(AuditCursor);

impl FromStr for AuditCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| InvalidValue::text("cursor", "a cursor that a list returned", text))
    }
}

fn read(text: &str) -> Option<AuditCursor> {
    let (instant, position) = text.split_once('-')?;
    let micros = (u64::from_str_radix(instant, 16).ok()? ^ (1 << 63)).cast_signed();
    Some(AuditCursor {
        at: Timestamp::from_micros(micros).ok()?,
        position: canonical(position)?,
    })
}
