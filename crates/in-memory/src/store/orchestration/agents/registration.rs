use tasktrail_domain::orchestration::agent::{Agent, AgentDescription, Registered, Registration};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::{AgentId, AgentState, ExecutionState, Instance};

use tasktrail_domain::timestamp::Timestamp;

use super::presence::extend_lease;
use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn register(
        &mut self,
        id: &AgentId,
        instance: Instance,
        description: &AgentDescription,
    ) -> Registered {
        let key = self.owner.agent_key(id);
        let registration = Registration::new(key, instance, description.clone());
        match self.owner.agents.get(id).cloned() {
            None => self.register_unknown(id, &registration),
            Some(before) => self.register_known(id, &before, &registration),
        }
    }

    fn register_unknown(&mut self, id: &AgentId, registration: &Registration) -> Registered {
        let agent = Agent::registered(registration, self.context.at);
        let registered = Registered::new(true, agent.version);
        let change = Change::registered(None, (registration, agent.state));
        self.changes.extend(change);
        self.owner.agents.insert(id.clone(), agent);
        registered
    }

    fn register_known(
        &mut self,
        id: &AgentId,
        before: &Agent,
        registration: &Registration,
    ) -> Registered {
        let agent = registered_again(before, registration, self.context.at);
        let registered = Registered::new(false, agent.version);
        let replaces = before.presence.instance != registration.instance;
        let description = before.description.clone();
        let earlier = Registration::new(before.key.clone(), before.presence.instance, description);
        let change =
            Change::registered(Some((&earlier, before.state)), (registration, agent.state));
        self.changes.extend(change);
        self.owner.agents.insert(id.clone(), agent);
        if !replaces {
            return registered;
        }
        registered.with_lost(self.close_all(id, ExecutionState::Lost))
    }
}

fn registered_again(before: &Agent, registration: &Registration, at: Timestamp) -> Agent {
    let mut agent = before.clone();
    agent.description = registration.description.clone();
    if agent.state == AgentState::Retired {
        agent.state = AgentState::Active;
    }
    if agent.description != before.description {
        agent.version = before.version.next();
    }
    if agent.description != before.description || agent.state != before.state {
        agent.updated_at = at;
    }
    agent.presence.instance = registration.instance;
    extend_lease(&mut agent, at);
    agent
}
