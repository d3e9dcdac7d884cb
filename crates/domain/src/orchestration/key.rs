use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::uuid_v7_id;
use crate::number::bounded_number;
use crate::text::short_text;
use crate::{InvalidValue, TaskKey, UserId};

short_text! {
    /// The id of an agent, unique among the agents of its owner.
    AgentId, "agent_id"
}

/// The key of an agent: its owner and its id.
///
/// As JSON: `{"user_id": "default", "agent_id": "builder-1"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgentKey {
    /// The owner.
    #[serde(rename = "user_id")]
    pub user: UserId,
    /// The id.
    #[serde(rename = "agent_id")]
    pub agent: AgentId,
}

impl AgentKey {
    /// Creates a key.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if an id is invalid. Validated ids are accepted as well.
    pub fn new<U, A>(user: U, agent: A) -> Result<Self, InvalidValue>
    where
        U: TryInto<UserId>,
        A: TryInto<AgentId>,
        InvalidValue: From<U::Error> + From<A::Error>,
    {
        Ok(Self {
            user: user.try_into()?,
            agent: agent.try_into()?,
        })
    }
}

impl fmt::Display for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.agent)
    }
}

uuid_v7_id! {
    /// The run of an agent's process: a UUIDv7 that the process generates when it starts.
    ///
    /// It distinguishes an agent that was restarted from one that is slow.
    Instance, "instance"
}

bounded_number! {
    /// The number of an attempt at a task, from 1.
    ///
    /// It is the fencing token: an agent that reports names its attempt, so the report of an agent
    /// that has lost its task changes nothing.
    Attempt(i32), "attempt", 1 to 2_147_483_647
}

/// An attempt at a task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptKey {
    /// The task.
    pub task: TaskKey,
    /// The number of the attempt.
    pub attempt: Attempt,
}

impl AttemptKey {
    /// Creates a key.
    #[must_use]
    pub const fn new(task: TaskKey, attempt: Attempt) -> Self {
        Self { task, attempt }
    }
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.task, self.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_key_checks_its_ids() {
        let key = AgentKey::new("alice", "builder-1").unwrap();

        assert_eq!(key.to_string(), "alice/builder-1");
        assert_eq!(AgentKey::new(key.user.clone(), key.agent.clone()), Ok(key));
        assert_eq!(
            AgentKey::new("alice", "").unwrap_err().to_string(),
            "agent_id must be 1 to 255 bytes long, got \"\""
        );
        assert!(AgentKey::new("", "builder-1").is_err());
        assert!(AgentId::new("x".repeat(255)).is_ok() && AgentId::new("x".repeat(256)).is_err());
    }

    #[test]
    fn attempts_count_from_1() {
        let attempt = AttemptKey::new(TaskKey::new("alice", "build").unwrap(), Attempt::MIN);

        assert_eq!(attempt.to_string(), "alice/build#1");
        assert_eq!(Attempt::MAX.get(), i32::MAX);
        assert_eq!(
            Attempt::new(0).unwrap_err().to_string(),
            "attempt must be 1 to 2147483647, got 0"
        );
    }

    #[test]
    fn instance_is_a_uuid_of_version_7() {
        let text = "0199c2f0-0000-7000-8000-000000000001";
        assert_eq!(text.parse::<Instance>().unwrap().to_string(), text);
        assert_eq!(
            "0199c2f0-0000-4000-8000-000000000001"
                .parse::<Instance>()
                .unwrap_err()
                .to_string(),
            "instance must be a UUID of version 7, got 0199c2f0-0000-4000-8000-000000000001"
        );
    }
}
