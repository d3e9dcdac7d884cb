use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentBatch, AgentChange, AgentChanges, AgentFilter, ApplyOutcome, Heartbeat,
    HeartbeatOutcome, Registered, Registration, StateRequest,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::write::WriteContext;

use super::Orchestration;
use crate::pages::pages;

/// The methods of the port of agents. Each panics on an error.
impl Orchestration {
    /// Registers an agent.
    pub async fn register(
        &self,
        context: &WriteContext,
        registration: &Registration,
    ) -> Registered {
        self.agents.register(context, registration).await.unwrap()
    }

    /// Sends a heartbeat.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> HeartbeatOutcome {
        self.agents.heartbeat(heartbeat).await.unwrap()
    }

    /// Changes the description of an agent.
    pub async fn update_agent(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> AgentChange {
        self.agents.update(context, agent, changes).await.unwrap()
    }

    /// Changes the state of an agent.
    pub async fn set_state(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        request: StateRequest,
    ) -> AgentChange {
        let changed = self.agents.set_state(context, agent, request).await;
        changed.unwrap()
    }

    /// Applies commands.
    pub async fn apply(
        &self,
        context: &WriteContext,
        user: &UserId,
        batch: &AgentBatch,
    ) -> ApplyOutcome {
        self.agents.apply(context, user, batch).await.unwrap()
    }

    /// Returns an agent, or `None` if it is not registered.
    pub async fn find_agent(&self, agent: &AgentKey) -> Option<Agent> {
        self.agents.get(agent).await.unwrap()
    }

    /// Returns a registered agent.
    pub async fn agent(&self, agent: &AgentKey) -> Agent {
        let found = self.find_agent(agent).await;
        found.unwrap_or_else(|| panic!("{agent} is not registered"))
    }

    /// Returns one page of the agents.
    pub async fn agent_page(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Page<Agent, AgentId> {
        self.agents.list(user, filter, page).await.unwrap()
    }

    /// Returns the agents as pages.
    pub async fn agent_pages(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        size: u64,
    ) -> Vec<Vec<Agent>> {
        pages(size, async |asked| {
            self.agent_page(user, filter, asked).await
        })
        .await
    }

    /// Returns all agents that a filter accepts.
    pub async fn list_agents(&self, user: &UserId, filter: &AgentFilter) -> Vec<Agent> {
        self.agent_pages(user, filter, 1000).await.concat()
    }
}
