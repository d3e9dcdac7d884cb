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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskId;
    use crate::UserId;
    use crate::orchestration::TaskState;
    use crate::orchestration::audit::Change;
    use crate::write::WriteContext;

    fn at(minute: u32) -> Timestamp {
        format!("2026-01-31T12:{minute:02}:00Z").parse().unwrap()
    }

    fn task(id: &str) -> TaskId {
        id.parse().unwrap()
    }

    /// The creation of the task `build` at 12:01.
    fn entry() -> AuditEntry {
        let id: crate::write::WriteId = "0199c2f0-0000-7000-8000-000000000001".parse().unwrap();
        let context = WriteContext::new(id, "service:planner".parse().unwrap(), at(1));
        let change = Change::created(&task("build"), TaskState::Ready);
        AuditEntry::of(change, UserId::new("alice").unwrap(), &context, 0, 7)
    }

    #[test]
    fn every_condition_must_be_met() {
        let filter = AuditFilter::default()
            .with_entity(EntityKind::Task, task("build"))
            .with_actor("service:planner".parse::<Actor>().unwrap())
            .with_action(Action::TASK_CREATED)
            .with_time(at(1), at(2));

        assert!(AuditFilter::default().accepts(&entry()));
        assert!(filter.accepts(&entry()));
        for other in [
            filter.clone().with_entity(EntityKind::Task, task("test")),
            filter.clone().with_entity(EntityKind::Agent, task("build")),
            filter
                .clone()
                .with_actor("agent:planner".parse::<Actor>().unwrap()),
            filter.clone().with_action(Action::TASK_CLAIMED),
            filter.clone().with_time(at(2), None),
            filter.with_time(None, at(1)),
        ] {
            assert!(!other.accepts(&entry()), "{other:?}");
        }
    }

    #[test]
    fn cursor_round_trips() {
        assert_eq!(
            AuditCursor::of(&entry()),
            AuditCursor {
                at: at(1),
                position: 7
            }
        );
        for at in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            for position in [i64::MIN, -1, 0, i64::MAX] {
                let cursor = AuditCursor { at, position };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn invalid_cursor_is_refused() {
        for text in [
            "",
            "-",
            "8000000000000000",
            "8000000000000000-",
            "8000000000000000-01",
            "8000000000000000-+1",
            "+8000000000000000-1",
            "08000000000000000-1",
            "7FFFFFFFFFFFFFFF-1",
            "0-1",
            "8000000000000000-9223372036854775808",
        ] {
            assert_eq!(
                text.parse::<AuditCursor>().unwrap_err().to_string(),
                format!("cursor must be a cursor that a list returned, got {text:?}")
            );
        }
    }
}
