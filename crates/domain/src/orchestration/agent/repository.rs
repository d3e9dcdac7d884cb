use std::fmt;

use async_trait::async_trait;

use super::{
    Agent, AgentBatch, AgentChange, AgentChanges, AgentFilter, ApplyOutcome, Heartbeat,
    HeartbeatOutcome, Registered, Registration, StateRequest,
};
use crate::UserId;
use crate::orchestration::{AgentId, AgentKey};
use crate::repository::{Page, PageRequest, Result, port};
use crate::write::WriteContext;

/// Records which agents exist, what they can do, and whether they are alive.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - Owners are isolated: the same agent id under two owners is two agents.
/// - The number of open executions of an agent always equals the number of its executions that are
///   assigned or running.
/// - Every change except a heartbeat has its entries in the [audit
///   log](crate::orchestration::audit), written in the same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). A write
/// also fails with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as its
/// source, if its id was used for a different write. Nothing is changed in this case.
#[port("agents")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AgentRepository: fmt::Debug + Send + Sync {
    /// Registers the process of an agent.
    ///
    /// An unknown or retired agent becomes active; a draining one keeps draining. A known agent
    /// takes the description of the registration, and its version increases if the description
    /// differs. The lease is extended as by a heartbeat.
    ///
    /// A new instance takes over at once: the open executions of the previous instance are
    /// [lost](crate::orchestration::ExecutionState::Lost), and their tasks become ready again, or
    /// end if no attempt is left. The previous instance gets no more tasks, and its next heartbeat
    /// returns [`Replaced`](HeartbeatOutcome::Replaced). Registering the same instance again keeps
    /// its executions.
    #[idempotent]
    async fn register(
        &self,
        context: &WriteContext,
        registration: &Registration,
    ) -> Result<Registered>;

    /// Extends the lease of an agent to the time of the heartbeat plus the agent's
    /// [`Lease`](super::Lease). It never shortens the lease, not even if it arrives late.
    ///
    /// If the heartbeat names the attempts that the agent holds, the result lists those that the
    /// agent must stop, and its open executions that the heartbeat did not name. A heartbeat is
    /// accepted even if the lease has ended: the agent keeps the executions that were not reaped. A
    /// heartbeat has no entry in the audit log.
    #[idempotent]
    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatOutcome>;

    /// Changes the fields of an agent's description that `changes` names. The version increases if
    /// a value differs.
    #[idempotent]
    async fn update(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> Result<AgentChange>;

    /// Drains, resumes or retires an agent. An agent that is already in the requested state does
    /// not change.
    ///
    /// A draining agent gets no new tasks, but keeps its own and finishes them. An agent with open
    /// executions is retired only if the request [releases](super::Retirement) them. Only
    /// [`register`](Self::register) makes a retired agent active again.
    #[idempotent]
    async fn set_state(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        request: StateRequest,
    ) -> Result<AgentChange>;

    /// Applies commands for agents of one owner, in the order given and in one transaction.
    ///
    /// Each command has the same effect as the method of its name. With
    /// [`ApplyMode::Whole`](super::ApplyMode::Whole), either all commands are applied, or none is
    /// and the first that cannot be applied is returned. With
    /// [`ApplyMode::Itemised`](super::ApplyMode::Itemised), each command is applied if it can be,
    /// and has its own outcome. Concurrent batches with the same agents in different orders do not
    /// deadlock.
    #[idempotent]
    async fn apply(
        &self,
        context: &WriteContext,
        user: &UserId,
        batch: &AgentBatch,
    ) -> Result<ApplyOutcome>;

    /// Returns an agent; `None` if it is not registered.
    #[read]
    async fn get(&self, agent: &AgentKey) -> Result<Option<Agent>>;

    /// Lists the agents of an owner that the filter accepts, by ascending id.
    ///
    /// With concurrent writes, no agent is listed twice over all pages, and no unchanged agent is
    /// missed. The cost of a page does not depend on how many tasks the agents have. It grows with
    /// the number of agents that the filter does not accept. A page may have fewer agents than
    /// requested, as [`Page`] describes.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Result<Page<Agent, AgentId>>;
}
