use serde::{Deserialize, Serialize};

use crate::TaskId;
use crate::orchestration::{AgentKey, AgentState, Attempt, Instance};
use crate::timestamp::Timestamp;

/// A heartbeat of an agent's process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Heartbeat {
    /// The agent.
    pub agent: AgentKey,
    /// The run of its process.
    pub instance: Instance,
    /// The time of the heartbeat, by the caller's clock.
    pub at: Timestamp,
    /// The attempts that the agent executes; `None` to compare nothing.
    pub held: Option<Vec<HeldAttempt>>,
}

impl Heartbeat {
    /// Creates a heartbeat that does not name the attempts of the agent.
    #[must_use]
    pub const fn new(agent: AgentKey, instance: Instance, at: Timestamp) -> Self {
        Self {
            agent,
            instance,
            at,
            held: None,
        }
    }

    /// Sets [`held`](Self::held).
    #[must_use]
    pub fn with_held(mut self, held: Vec<HeldAttempt>) -> Self {
        self.held = Some(held);
        self
    }
}

/// An attempt at a task of the agent's owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HeldAttempt {
    /// The task.
    pub task: TaskId,
    /// The attempt.
    pub attempt: Attempt,
}

/// The result of a heartbeat.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum HeartbeatOutcome {
    /// The lease was extended, unless it lasted longer already.
    Accepted {
        /// The state of the agent: `active` or `draining`.
        state: AgentState,
        /// The agent is offline after this time.
        lease_until: Timestamp,
        /// The attempts that the agent named and that are not its open executions: they were
        /// cancelled, lost or superseded. It must stop them. In the order of their tasks.
        stop: Vec<HeldAttempt>,
        /// The open executions of the agent that it did not name. In the order of their tasks.
        missing: Vec<HeldAttempt>,
    },
    /// Another instance of the agent registered later. This process must stop.
    Replaced {
        /// The instance that registered last.
        instance: Instance,
    },
    /// The agent was retired.
    Retired,
    /// The agent is not registered.
    Unknown,
}
