use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentChanges, AgentDescription, Retirement, StateRequest,
};
use tasktrail_domain::orchestration::audit::{Change, EntityKind};
use tasktrail_domain::orchestration::{AgentId, ExecutionState};

use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn update_agent(&mut self, id: &AgentId, changes: &AgentChanges) -> AgentChange {
        let Some(agent) = self.owner.agents.get_mut(id) else {
            return AgentChange::Unknown;
        };
        let version = agent.version;
        if changes.expected.is_some_and(|expected| expected != version) {
            return AgentChange::Stale { version };
        }
        let description = changed(&agent.description, changes);
        let entity_id = id.clone().into();
        let before = &agent.description;
        let change = Change::updated(EntityKind::Agent, entity_id, before, &description);
        if change.is_some() {
            agent.description = description;
            agent.version = version.next();
            agent.updated_at = self.context.at;
        }
        self.changes.extend(change);
        unreleased(agent)
    }

    pub(crate) fn set_agent_state(&mut self, id: &AgentId, request: StateRequest) -> AgentChange {
        let open_executions = self.owner.executions.count_open(id);
        let Some(agent) = self.owner.agents.get_mut(id) else {
            return AgentChange::Unknown;
        };
        let (from, to) = (agent.state, request.state());
        if from == to {
            return unreleased(agent);
        }
        if !request.is_possible(from) {
            return AgentChange::Refused { state: from };
        }
        if request == StateRequest::Retire(Retirement::IfIdle) && open_executions > 0 {
            return AgentChange::Busy { open_executions };
        }
        agent.state = to;
        agent.updated_at = self.context.at;
        let version = agent.version;
        self.changes.push(Change::agent_state(id, from, to));
        let released = match request {
            StateRequest::Retire(_) => self.close_all(id, ExecutionState::Released),
            StateRequest::Drain | StateRequest::Resume => Vec::new(),
        };
        AgentChange::Changed {
            state: to,
            version,
            released,
        }
    }
}

fn changed(before: &AgentDescription, changes: &AgentChanges) -> AgentDescription {
    let mut after = before.clone();
    replace(&mut after.agent_type, changes.agent_type.as_ref());
    replace(&mut after.name, changes.name.as_ref());
    replace(&mut after.capabilities, changes.capabilities.as_ref());
    replace(&mut after.metadata, changes.metadata.as_ref());
    replace(&mut after.capacity, changes.capacity.as_ref());
    replace(&mut after.lease, changes.lease.as_ref());
    after
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}

fn unreleased(agent: &Agent) -> AgentChange {
    AgentChange::Changed {
        state: agent.state,
        version: agent.version,
        released: Vec::new(),
    }
}
