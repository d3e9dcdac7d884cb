use serde::{Deserialize, Serialize};

use super::action::{Action, CustomAction};
use crate::orchestration::{AgentId, Payload};
use crate::text::short_text;
use crate::text_enum::text_enum;
use crate::timestamp::Timestamp;
use crate::write::{Actor, Note, WriteId};
use crate::{JsonText, TaskId, UserId};

text_enum! {
    /// What an entry is about.
    EntityKind, "entity" {
        /// An agent.
        Agent = "agent",
        /// A task.
        Task = "task",
        /// Something that the service keeps itself.
        Other = "other",
    }
}

short_text! {
    /// The id of what an entry is about.
    EntityId, "entity_id"
}

impl From<AgentId> for EntityId {
    fn from(agent: AgentId) -> Self {
        Self(agent.as_str().to_owned().into())
    }
}

impl From<TaskId> for EntityId {
    fn from(task: TaskId) -> Self {
        Self(task.as_str().to_owned().into())
    }
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The owner.
    #[serde(rename = "user_id")]
    pub user: UserId,
    /// The id of the write.
    pub write_id: WriteId,
    /// The position of the entry among those of the write, from 0.
    pub ordinal: u32,
    /// The position of the entry in the log, in the order in which the store accepted the entries.
    pub position: i64,
    /// The time of the write, by the clock of its caller.
    pub at: Timestamp,
    /// Who wrote.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// What it was done to.
    pub entity: EntityKind,
    /// The id of that.
    pub entity_id: EntityId,
    /// The changed fields before; `None` if there was nothing.
    pub before: Option<JsonText>,
    /// The changed fields after; `None` if there is nothing.
    pub after: Option<JsonText>,
    /// Why it was done.
    pub note: Option<Note>,
}

/// An entry that a service adds itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAuditEntry {
    /// The owner.
    pub user: UserId,
    /// What was done.
    pub action: CustomAction,
    /// What it was done to.
    pub entity: EntityKind,
    /// The id of that.
    pub entity_id: EntityId,
    /// The changed fields before.
    pub before: Option<Payload>,
    /// The changed fields after.
    pub after: Option<Payload>,
}

impl NewAuditEntry {
    /// Creates an entry without fields.
    #[must_use]
    pub const fn new(
        user: UserId,
        action: CustomAction,
        entity: EntityKind,
        entity_id: EntityId,
    ) -> Self {
        Self {
            user,
            action,
            entity,
            entity_id,
            before: None,
            after: None,
        }
    }

    /// Sets [`before`](Self::before) and [`after`](Self::after).
    #[must_use]
    pub fn with_fields(
        mut self,
        before: impl Into<Option<Payload>>,
        after: impl Into<Option<Payload>>,
    ) -> Self {
        self.before = before.into();
        self.after = after.into();
        self
    }
}
