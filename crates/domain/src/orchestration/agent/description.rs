use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Document;
use crate::number::bounded_number;
use crate::orchestration::{AgentKey, AgentState, Instance, Version};
use crate::text::short_text;
use crate::timestamp::Timestamp;

short_text! {
    /// What kind of agent it is, such as `code` or `review`.
    AgentType, "agent_type"
}

short_text! {
    /// The name of an agent, for people.
    AgentName, "agent name"
}

bounded_number! {
    /// How many tasks an agent may have at the same time: 1 to 1000. Defaults to 1.
    Capacity(i16), "capacity", 1 to 1000, default 1
}

bounded_number! {
    /// How long an agent counts as alive after a heartbeat, in seconds: 5 s to 24 h. Defaults to
    /// 60 s.
    Lease(i32), "lease", 5 to 86_400, default 60
}

impl Lease {
    /// Returns the lease as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0.unsigned_abs() as u64)
    }

    /// Returns the end of a lease that starts at `at`.
    #[must_use]
    pub fn until(self, at: Timestamp) -> Timestamp {
        at.saturating_add(self.duration())
    }
}

/// What an agent says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentDescription {
    /// What kind of agent it is.
    pub agent_type: AgentType,
    /// Its name, for people.
    pub name: AgentName,
    /// What it can do. It may execute the tasks that it [fits](Self::fits).
    #[serde(default)]
    pub capabilities: Document,
    /// Anything else, which the store does not interpret.
    #[serde(default)]
    pub metadata: Document,
    /// How many tasks it may have at the same time.
    #[serde(default)]
    pub capacity: Capacity,
    /// How long it counts as alive after a heartbeat, in seconds.
    #[serde(default)]
    pub lease: Lease,
}

impl AgentDescription {
    /// Describes an agent without capabilities and metadata, and with the default capacity and
    /// lease.
    #[must_use]
    pub fn new(agent_type: AgentType, name: AgentName) -> Self {
        Self {
            agent_type,
            name,
            capabilities: Document::default(),
            metadata: Document::default(),
            capacity: Capacity::DEFAULT,
            lease: Lease::DEFAULT,
        }
    }

    /// Sets [`capabilities`](Self::capabilities).
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Document) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets [`metadata`](Self::metadata).
    #[must_use]
    pub fn with_metadata(mut self, metadata: Document) -> Self {
        self.metadata = metadata;
        self
    }

    /// Sets [`capacity`](Self::capacity).
    #[must_use]
    pub fn with_capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = capacity;
        self
    }

    /// Sets [`lease`](Self::lease).
    #[must_use]
    pub fn with_lease(mut self, lease: Lease) -> Self {
        self.lease = lease;
        self
    }

    /// Returns whether the agent can do what a task requires: its capabilities, with its type added
    /// as the member `agent_type`, [contain](Document::contains) `required`.
    ///
    /// A member `agent_type` of the capabilities themselves has no effect.
    #[must_use]
    pub fn fits(&self, required: &Document) -> bool {
        let (agent_type, others) = required.split_member("agent_type");
        let agent_type: Option<Result<String, _>> = agent_type.map(|json| json.deserialize());
        let same_type = agent_type
            .is_none_or(|wanted| wanted.is_ok_and(|wanted| wanted == self.agent_type.as_str()));
        same_type && self.capabilities.contains(&others)
    }
}

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

impl Agent {
    /// Creates an agent that has just registered.
    #[must_use]
    pub fn registered(registration: &super::Registration, at: Timestamp) -> Self {
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
