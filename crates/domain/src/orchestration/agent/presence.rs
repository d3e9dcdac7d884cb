use serde::{Deserialize, Serialize};

use super::description::AgentDescription;
use super::registration::Registration;
use crate::orchestration::{AgentKey, AgentState, Instance, Version};
use crate::timestamp::Timestamp;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Agent {
    /// Its owner and id.
    pub key: AgentKey,
    /// What it says about itself.
    pub description: AgentDescription,
    /// Its state.
    pub state: AgentState,
    /// When it registered for the first time.
    pub registered_at: Timestamp,
    /// When its description or state changed last.
    pub updated_at: Timestamp,
    /// The number of changes of its description, from 1.
    pub version: Version,
    /// Whether it is alive, and how busy it is.
    pub presence: Presence,
}

impl Agent {
    /// Creates an agent that has just registered.
    #[must_use]
    pub fn registered(registration: &Registration, at: Timestamp) -> Self {
        let description = registration.description.clone();
        let lease_until = description.lease.until(at);
        Self {
            key: registration.agent.clone(),
            description,
            state: AgentState::Active,
            registered_at: at,
            updated_at: at,
            version: Version::DEFAULT,
            presence: Presence::new(registration.instance, at, lease_until, 0),
        }
    }
}

/// Whether an agent is alive, and how busy it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Presence {
    /// The instance that registered last.
    pub instance: Instance,
    /// The latest heartbeat or registration.
    pub heartbeat_at: Timestamp,
    /// The agent is offline after this time.
    pub lease_until: Timestamp,
    /// The number of its open executions: assigned or running.
    pub open_executions: u32,
}

impl Presence {
    /// Creates the presence of an agent.
    #[must_use]
    pub const fn new(
        instance: Instance,
        heartbeat_at: Timestamp,
        lease_until: Timestamp,
        open_executions: u32,
    ) -> Self {
        Self {
            instance,
            heartbeat_at,
            lease_until,
            open_executions,
        }
    }

    /// Returns whether the agent is online at an instant: its lease has not ended before it.
    #[must_use]
    pub fn is_online(&self, at: Timestamp) -> bool {
        at <= self.lease_until
    }
}
