//! The port of agents.

mod answer;
mod batch;
mod decision;
mod executions;
mod heartbeat;
#[cfg(test)]
pub(super) mod one_statement;
mod operations;
mod read;
mod register;
mod row;
mod store;

use async_trait::async_trait;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentBatch, AgentChange, AgentChanges, AgentFilter, AgentRepository, ApplyOutcome,
    Heartbeat, HeartbeatOutcome, Registered, Registration, StateRequest, operation,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;

use super::PostgresOrchestration;

/// How often a call starts again if others change the same rows meanwhile.
const ATTEMPTS: usize = 10;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AgentRepository for PostgresOrchestration<'_> {
    async fn register(
        &self,
        context: &WriteContext,
        registration: &Registration,
    ) -> Result<Registered> {
        self.write(|wait| operations::Register(context, registration, wait))
            .await
    }

    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatOutcome> {
        self.write(|wait| operations::Beat(heartbeat, wait)).await
    }

    async fn update(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> Result<AgentChange> {
        self.write(|wait| operations::Update(context, agent, changes, wait))
            .await
    }

    async fn set_state(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        request: StateRequest,
    ) -> Result<AgentChange> {
        self.write(|wait| operations::SetState(context, agent, request, wait))
            .await
    }

    async fn apply(
        &self,
        context: &WriteContext,
        user: &UserId,
        batch: &AgentBatch,
    ) -> Result<ApplyOutcome> {
        // Batches lock in one order, so it does not matter when one begins again.
        let apply = |wait| operations::Apply(context, user, batch, wait);
        let applied = self.source.write_batch(0, apply).await;
        applied.map_err(|error| error.during(operation::APPLY))
    }

    async fn get(&self, agent: &AgentKey) -> Result<Option<Agent>> {
        self.run(operations::Get(agent)).await
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Result<Page<Agent, AgentId>> {
        self.run(operations::List(user, filter, page)).await
    }
}
