use super::Agent;
use super::description::AgentType;
use crate::Document;
use crate::orchestration::AgentState;
use crate::timestamp::Timestamp;

/// A filter for the list of agents. The default accepts all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentFilter {
    /// Only agents in this state.
    pub state: Option<AgentState>,
    /// Only agents of this type.
    pub agent_type: Option<AgentType>,
    /// Only agents that are online (`true`) or offline (`false`) at the instant.
    pub online: Option<(bool, Timestamp)>,
    /// Only agents that [fit](super::AgentDescription::fits) these required capabilities.
    pub capabilities: Option<Document>,
}

impl AgentFilter {
    /// Sets [`state`](Self::state).
    #[must_use]
    pub fn with_state(mut self, state: impl Into<Option<AgentState>>) -> Self {
        self.state = state.into();
        self
    }

    /// Sets [`agent_type`](Self::agent_type).
    #[must_use]
    pub fn with_agent_type(mut self, agent_type: impl Into<Option<AgentType>>) -> Self {
        self.agent_type = agent_type.into();
        self
    }

    /// Sets [`online`](Self::online).
    #[must_use]
    pub fn with_online(mut self, online: bool, at: Timestamp) -> Self {
        self.online = Some((online, at));
        self
    }

    /// Sets [`capabilities`](Self::capabilities).
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: impl Into<Option<Document>>) -> Self {
        self.capabilities = capabilities.into();
        self
    }

    /// Returns whether the filter accepts an agent.
    #[must_use]
    pub fn accepts(&self, agent: &Agent) -> bool {
        let is = |wanted: &Option<_>| wanted.is_none_or(|state| state == agent.state);
        let description = &agent.description;
        is(&self.state)
            && (self.agent_type.as_ref()).is_none_or(|wanted| *wanted == description.agent_type)
            && (self.online).is_none_or(|(online, at)| agent.presence.is_online(at) == online)
            && (self.capabilities.as_ref()).is_none_or(|wanted| description.fits(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestration::AgentKey;
    use crate::orchestration::agent::{AgentDescription, AgentName, Registration};

    fn at(minute: u32) -> Timestamp {
        format!("2026-01-31T12:{minute:02}:00Z").parse().unwrap()
    }

    /// An agent whose lease ends at 12:01.
    fn coder() -> Agent {
        let capabilities = r#"{"languages":["rust","go"]}"#.parse().unwrap();
        let agent_type = AgentType::new("code").unwrap();
        let description = AgentDescription::new(agent_type, AgentName::new("Coder").unwrap())
            .with_capabilities(capabilities);
        let instance = "0199c2f0-0000-7000-8000-000000000001".parse().unwrap();
        let key = AgentKey::new("alice", "builder-1").unwrap();
        Agent::registered(&Registration::new(key, instance, description), at(0))
    }

    #[test]
    fn every_condition_must_be_met() {
        let code = AgentType::new("code").unwrap();
        let gpu: Document = r#"{"gpu":1}"#.parse().unwrap();
        let rust: Document = r#"{"agent_type":"code","languages":["rust"]}"#.parse().unwrap();
        let filter = AgentFilter::default()
            .with_state(AgentState::Active)
            .with_agent_type(code)
            .with_online(true, at(1))
            .with_capabilities(rust);

        assert!(AgentFilter::default().accepts(&coder()));
        assert!(filter.accepts(&coder()));
        for other in [
            filter.clone().with_state(AgentState::Draining),
            filter
                .clone()
                .with_agent_type(AgentType::new("review").unwrap()),
            filter.clone().with_online(true, at(2)),
            filter.clone().with_online(false, at(1)),
            filter.clone().with_capabilities(gpu),
        ] {
            assert!(!other.accepts(&coder()), "{other:?}");
        }
        assert!(filter.with_online(false, at(2)).accepts(&coder()));
    }
}
