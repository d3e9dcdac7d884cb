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

/// Gives tasks to agents, and records the results of their attempts.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - A task has at most one open execution, however many agents claim at the same time.
/// - The number of open executions of an agent always equals the number of its executions that are
///   assigned or running. An agent gets a task only while that number is less than its capacity.
/// - The first call that closes an execution wins. If its task ends, the tasks that depend on it
///   become ready or are skipped, and it is finished in the task history, as the [contract of
///   tasks](crate::orchestration::task::TaskRepository#contract) describes.
/// - Every change has its entries in the [audit log](crate::orchestration::audit), written in the
///   same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). A write
/// also fails with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as its
/// source, if its id was used for a different write. Nothing is changed in this case.
#[port("dispatch")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DispatchRepository: fmt::Debug + Send + Sync {
    /// Gives an agent ready tasks that it
    /// [fits](crate::orchestration::agent::AgentDescription::fits) and that are due at the time of
    /// the write, the most urgent first, and never more than its capacity allows.
    ///
    /// The most urgent task is the one with the least [claim
    /// order](crate::orchestration::task::claim_order): the time at which it is due, one minute
    /// earlier for each unit of its priority. Equal ones are sorted by id. Tasks that the agent
    /// does not fit never delay those that it fits, however many there are.
    ///
    /// Repeating a claim returns the same attempts, even if they have ended since, with the current
    /// definitions of their tasks, but without tasks that were removed since. A claim that got
    /// nothing is a new claim when it is repeated. A claim never waits for another call that
    /// changes a task: it passes over the task, so it may return fewer tasks than are ready, or a
    /// less urgent one.
    #[idempotent]
    async fn claim(&self, context: &WriteContext, claim: &Claim) -> Result<ClaimOutcome>;

    /// Gives a ready task to an agent that is active and online, fits it and has a free slot. The
    /// task need not be due.
    #[idempotent]
    async fn assign(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        agent: &AgentId,
    ) -> Result<AssignOutcome>;

    /// Marks an attempt as running. Its time limit starts again.
    ///
    /// This is optional: an attempt can be reported without it. Starting a running attempt changes
    /// nothing.
    #[idempotent]
    async fn start(&self, context: &WriteContext, attempt: &AttemptKey) -> Result<StartOutcome>;

    /// Closes an attempt with the result that its agent reports.
    ///
    /// If the attempt failed, the task becomes ready again, due at the time that the report
    /// requests, if an attempt is left; otherwise it ends. The report for an attempt that is
    /// already closed changes nothing, but has an entry in the audit log that contains what was
    /// reported.
    #[idempotent]
    async fn report(&self, context: &WriteContext, report: &Report) -> Result<ReportOutcome>;

    /// Closes executions of all owners, as `lost` if their agent is offline at the time of the
    /// write, and as `timed_out` if their deadline is before it. Returns those that it closed, in
    /// the order of their keys.
    ///
    /// If both apply, the execution is `lost`. Tasks become ready again, due at the time of the
    /// write, or end if no attempt is left. Any number of callers can reap at the same time: each
    /// execution is closed once. Executions that other calls are changing are left for the next
    /// call. To close all, repeat the call, each time with a new write id, until it returns fewer
    /// executions than the limit.
    #[once]
    async fn reap(&self, context: &WriteContext, limit: ReapLimit) -> Result<Vec<ReapedAttempt>>;

    /// Lists executions of an owner, by descending time of assignment, and by descending task id
    /// and attempt for equal instants.
    ///
    /// The cost of a page does not depend on the number of executions of an agent. For the
    /// executions of a task it grows with their number. A page with large outputs may have fewer
    /// executions than requested, as [`Page`] describes.
    #[read]
    async fn executions(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Result<Page<Execution, ExecutionCursor>>;

    /// Counts the ready tasks of an owner by queue, and how many of them are due at an instant.
    ///
    /// The cost grows with the number of ready tasks and of queues.
    #[read]
    async fn load(&self, user: &UserId, at: Timestamp) -> Result<QueueLoad>;
}
