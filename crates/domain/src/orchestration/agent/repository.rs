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

/// Keeps which agents exist, what they can do, and whether they are alive.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - Owners are isolated: the same agent id under two owners is two agents.
/// - The number of open executions of an agent equals the number of its executions that are
///   assigned or running, at any time.
/// - Every change, but not a heartbeat, has its entries in the [audit
///   log](crate::orchestration::audit), written in the same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). Writes fail
/// with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as the source, if the
/// id of the write was used for a different write.
#[port("agents")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AgentRepository: fmt::Debug + Send + Sync {
    /// Registers the process of an agent.
    ///
    /// An unknown or retired agent becomes active. A known one takes the description of the
    /// registration, and its version increases if that differs; an agent that is draining stays so.
    /// Its lease is extended as by a heartbeat.
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
    /// [`Lease`](super::Lease). A lease is never shortened, also not by a late heartbeat.
    ///
    /// If the heartbeat names the attempts that the agent holds, the result lists those that it
    /// must stop, and its open executions that it did not name. The heartbeat of an agent whose
    /// lease has ended is accepted: executions that were not reaped are still its own. A heartbeat
    /// has no entry in the audit log.
    #[idempotent]
    async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<HeartbeatOutcome>;

    /// Changes the fields of an agent's description that the changes name. The version increases if
    /// a value differs.
    #[idempotent]
    async fn update(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> Result<AgentChange>;

    /// Drains, resumes or retires an agent. An agent that already is in the requested state is
    /// unchanged.
    ///
    /// A draining agent gets no new tasks, but keeps and finishes its own. An agent is not retired
    /// while it has open executions, unless the request [releases](super::Retirement) them. Only
    /// [`register`](Self::register) makes a retired agent active.
    #[idempotent]
    async fn set_state(
        &self,
        context: &WriteContext,
        agent: &AgentKey,
        request: StateRequest,
    ) -> Result<AgentChange>;

    /// Applies commands for agents of one owner, in the order given and in one transaction.
    ///
    /// With [`ApplyMode::Whole`](super::ApplyMode::Whole) either all commands are applied, or none is and the first that
    /// cannot be is returned. With [`ApplyMode::Itemised`](super::ApplyMode::Itemised) each has its own outcome. Each command
    /// has the same effect as the method of its name. Concurrent batches with the same agents in
    /// different orders do not deadlock.
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
    /// the number of agents that the page passes. A page may have fewer agents than requested, as
    /// [`Page`] describes.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Result<Page<Agent, AgentId>>;
}
