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
