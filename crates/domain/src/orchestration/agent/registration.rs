use serde::{Deserialize, Serialize};

use super::AgentDescription;
use crate::orchestration::{AgentKey, AttemptKey, Instance, TaskState, Version};

/// The registration of an agent's process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Registration {
    /// The agent.
    pub agent: AgentKey,
    /// The run of its process.
    pub instance: Instance,
    /// Its description of itself.
    pub description: AgentDescription,
}

impl Registration {
    /// Creates a registration.
    #[must_use]
    pub const fn new(agent: AgentKey, instance: Instance, description: AgentDescription) -> Self {
        Self {
            agent,
            instance,
            description,
        }
    }
}

/// The result of a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Registered {
    /// Whether the agent was unknown before.
    pub new: bool,
    /// The version of its description.
    pub version: Version,
    /// The open executions of its earlier instance, which are lost, in the order of their tasks.
    pub lost: Vec<LostAttempt>,
}

impl Registered {
    /// Creates the result of a registration that found no open executions.
    #[must_use]
    pub const fn new(new: bool, version: Version) -> Self {
        Self {
            new,
            version,
            lost: Vec::new(),
        }
    }

    /// Sets [`lost`](Self::lost).
    #[must_use]
    pub fn with_lost(mut self, lost: Vec<LostAttempt>) -> Self {
        self.lost = lost;
        self
    }
}

/// An attempt that was lost or released, and the state of its task after that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostAttempt {
    /// The attempt.
    pub attempt: AttemptKey,
    /// The state of the task: `ready`, or `failed` if no attempt is left.
    pub state: TaskState,
}
