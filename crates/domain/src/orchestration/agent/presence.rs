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
    /// Its description of itself.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestration::agent::{AgentName, AgentType, Lease};

    #[test]
    fn agent_that_has_just_registered_is_online_until_its_lease_ends() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let agent_type = AgentType::new("code").unwrap();
        let description = AgentDescription::new(agent_type, AgentName::new("Coder").unwrap());
        let instance = "0199c2f0-0000-7000-8000-000000000001".parse().unwrap();
        let key = AgentKey::new("alice", "builder-1").unwrap();
        let registration = Registration::new(key, instance, description);

        let agent = Agent::registered(&registration, noon);

        assert_eq!(agent.key, registration.agent);
        assert_eq!(agent.description, registration.description);
        assert_eq!(
            (agent.state, agent.version),
            (AgentState::Active, Version::DEFAULT)
        );
        assert_eq!((agent.registered_at, agent.updated_at), (noon, noon));
        let end = Lease::DEFAULT.until(noon);
        assert_eq!(agent.presence, Presence::new(instance, noon, end, 0));
        assert!(agent.presence.is_online(end));
        let after = Timestamp::from_micros(end.as_micros() + 1).unwrap();
        assert!(!agent.presence.is_online(after));
    }
}
