use tasktrail_domain::orchestration::AgentState;
use tasktrail_domain::orchestration::agent::{Agent, Heartbeat, HeartbeatOutcome};
use tasktrail_domain::timestamp::Timestamp;

use crate::store::orchestration::owner::Owner;

/// Extends the lease of an agent. It is never shortened.
pub(super) fn extend_lease(agent: &mut Agent, at: Timestamp) {
    let lease_until = agent.description.lease.until(at);
    let presence = &mut agent.presence;
    presence.lease_until = presence.lease_until.max(lease_until);
    presence.heartbeat_at = presence.heartbeat_at.max(at);
}

impl Owner {
    pub(crate) fn heartbeat(&mut self, heartbeat: &Heartbeat) -> HeartbeatOutcome {
        let id = &heartbeat.agent.agent;
        let Some(agent) = self.agents.get_mut(id) else {
            return HeartbeatOutcome::Unknown;
        };
        let instance = agent.presence.instance;
        if instance != heartbeat.instance {
            return HeartbeatOutcome::Replaced { instance };
        }
        if agent.state == AgentState::Retired {
            return HeartbeatOutcome::Retired;
        }
        extend_lease(agent, heartbeat.at);
        let open = self.executions.open_of(id);
        let held = heartbeat.held.as_ref();
        let held = held.map_or_else(|| open.clone(), |held| held.iter().cloned().collect());
        HeartbeatOutcome::Accepted {
            state: agent.state,
            lease_until: agent.presence.lease_until,
            stop: held.difference(&open).cloned().collect(),
            missing: open.difference(&held).cloned().collect(),
        }
    }
}
