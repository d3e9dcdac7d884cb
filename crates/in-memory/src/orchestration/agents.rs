use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentBatch, AgentChange, AgentChanges, AgentCommand, AgentFilter, AgentRepository,
    ApplyOutcome, Heartbeat, HeartbeatOutcome, Registered, Registration, StateRequest, operation,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;

use super::InMemoryOrchestration;
use crate::store::orchestration::{Owner, Purpose, Subject, Write};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AgentRepository for InMemoryOrchestration {
    async fn register(
        &self,
        context: &WriteContext,
        registration: &Registration,
    ) -> Result<Registered> {
        let AgentKey { user, agent } = &registration.agent;
        let purpose = Purpose::of_agent(operation::REGISTER, agent);
        let register = |write: &mut Write<'_>| {
            write.register(agent, registration.instance, &registration.description)
        };
        self.write(context, user, purpose, register).await
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatOutcome> {
        let user = &heartbeat.agent.user;
        let beat = |owner: &mut Owner| Ok((owner.heartbeat(heartbeat), Vec::new()));
        self.change(operation::HEARTBEAT, user, beat).await
    }

    async fn update(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> Result<AgentChange> {
        let AgentKey { user, agent } = agent;
        let purpose = Purpose::of_agent(operation::UPDATE, agent);
        let update = |write: &mut Write<'_>| write.update_agent(agent, changes);
        self.write(context, user, purpose, update).await
    }

    async fn set_state(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        request: StateRequest,
    ) -> Result<AgentChange> {
        let AgentKey { user, agent } = agent;
        let purpose = Purpose::of_agent(operation::SET_STATE, agent);
        let set = |write: &mut Write<'_>| write.set_agent_state(agent, request);
        self.write(context, user, purpose, set).await
    }

    async fn apply(
        &self,
        context: &WriteContext,
        user: &UserId,
        batch: &AgentBatch,
    ) -> Result<ApplyOutcome> {
        let agents = batch.commands().iter().map(AgentCommand::agent);
        let subject = Subject::Commands(agents.cloned().collect());
        let apply = |write: &mut Write<'_>| write.apply_batch(batch);
        let purpose = Purpose::new(operation::APPLY, subject);
        self.write(context, user, purpose, apply).await
    }

    async fn get(&self, agent: &AgentKey) -> Result<Option<Agent>> {
        let AgentKey { user, agent } = agent;
        self.read(operation::GET, user, |owner| owner.agent(agent))
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Result<Page<Agent, AgentId>> {
        self.read(operation::LIST, user, |owner| owner.agents(filter, page))
    }
}
