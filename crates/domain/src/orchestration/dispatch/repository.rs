use std::fmt;

use async_trait::async_trait;

use super::{
    AssignOutcome, Claim, ClaimOutcome, Execution, ExecutionCursor, ExecutionFilter, QueueLoad,
    ReapLimit, ReapedAttempt, Report, ReportOutcome, StartOutcome,
};
use crate::orchestration::{AgentId, AttemptKey};
use crate::repository::{Page, PageRequest, Result, port};
use crate::timestamp::Timestamp;
use crate::write::WriteContext;
use crate::{TaskKey, UserId};

/// Gives tasks to agents, and records what became of them.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - A task has at most one open execution, however many agents claim at once.
/// - The number of open executions of an agent equals the number of its executions that are
///   assigned or running, at any time. A call gives it a task only while that is less than its
///   capacity.
/// - The first call that closes an execution wins. A task that ends unlocks or skips the tasks that
///   depend on it, and is finished in the task history, as the [contract of
///   tasks](crate::orchestration::task::TaskRepository#contract) describes.
/// - Every change has its entries in the [audit log](crate::orchestration::audit), written in the
///   same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). Writes fail
/// with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as the source, if the
/// id of the write was used for a different write.
#[port("dispatch")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DispatchRepository: fmt::Debug + Send + Sync {
    /// Gives an agent ready tasks that it can do and that are due at the time of the write, the
    /// most urgent first, and never more than its capacity allows.
    ///
    /// Tasks are ordered by the time at which they are due, one minute earlier for each unit of
    /// their priority, and by id for equal places. A task that the agent cannot do does not delay
    /// one that it can, however many of them are ahead.
    ///
    /// Repeating a claim returns the same attempts, also if they have ended since, with the current
    /// definitions of their tasks. Tasks that were removed since are missing. A claim that got
    /// nothing is a new one when it is repeated. A claim does not wait for other claims: it may
    /// return fewer tasks than are ready, and pass over a task that another claim examines.
    #[idempotent]
    async fn claim(&self, context: &WriteContext, claim: &Claim) -> Result<ClaimOutcome>;

    /// Gives a task to an agent, if the task is ready, and the agent is active and online, can do it
    /// and has a free slot. The task need not be due.
    #[idempotent]
    async fn assign(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        agent: &AgentId,
    ) -> Result<AssignOutcome>;

    /// Marks an attempt as running. Its time limit starts again.
    ///
    /// Optional: an attempt can be closed without it. Starting a running attempt changes nothing.
    #[idempotent]
    async fn start(&self, context: &WriteContext, attempt: &AttemptKey) -> Result<StartOutcome>;

    /// Closes an attempt with what its agent reports.
    ///
    /// A failed task is ready again at the time that the report gives if an attempt is left, and
    /// ends otherwise. The report for an attempt that is closed already changes nothing, but leaves
    /// an entry in the audit log with what it reported.
    #[idempotent]
    async fn report(&self, context: &WriteContext, report: &Report) -> Result<ReportOutcome>;

    /// Closes executions of all owners whose agent is offline at the time of the write, as `lost`,
    /// or otherwise whose deadline is before that time, as `timed_out`. Returns those that it closed,
    /// in the order of their keys.
    ///
    /// Their tasks are ready again, due at the time of the write, or end if no attempt is left. Any
    /// number of callers can reap at the same time; each execution is closed once. Executions that
    /// others are writing to are left for the next call. To close all, repeat the call until it
    /// returns fewer than the limit.
    #[once]
    async fn reap(&self, context: &WriteContext, limit: ReapLimit) -> Result<Vec<ReapedAttempt>>;

    /// Lists executions of an owner, by descending assignment, and by descending task id and
    /// attempt for equal instants.
    ///
    /// The cost of a page does not depend on the number of executions. A page with large outputs may
    /// have fewer executions than requested, as [`Page`] describes.
    #[read]
    async fn executions(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Result<Page<Execution, ExecutionCursor>>;

    /// Counts the ready tasks of an owner by queue, and those that are due at an instant.
    ///
    /// The cost grows with the number of ready tasks and of queues.
    #[read]
    async fn load(&self, user: &UserId, at: Timestamp) -> Result<QueueLoad>;
}
