use std::fmt;

use async_trait::async_trait;

use super::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskCounts, TaskCursor, TaskFilter, TaskGraph,
    TaskOverview, TaskPlan, TaskRetention,
};
use crate::repository::{Page, PageRequest, Result, port};
use crate::write::WriteContext;
use crate::{Document, TaskId, TaskKey, UserId};

/// Keeps tasks, what they need, and what they depend on.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - Owners are isolated: the same task id under two owners is two tasks.
/// - After any sequence of concurrent calls, a task is blocked exactly if a dependency of it is
///   open, unless it has ended. A task that is ready, assigned or running has no open dependency.
/// - A task is [skipped](crate::orchestration::TaskState::Skipped) in the transaction in which a
///   prerequisite that had to succeed ends otherwise, and so are the tasks for which it had to
///   succeed.
/// - A task that ends is finished in the [task history](crate::task_history) in the same
///   transaction, with the [status](crate::orchestration::TaskState::status) of its state, also if
///   it has no steps there. A task that is finished only in the history stays open here.
/// - Every change has its entries in the [audit log](crate::orchestration::audit), written in the
///   same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). Writes fail
/// with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as the source, if the
/// id of the write was used for a different write.
#[port("tasks")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskRepository: fmt::Debug + Send + Sync {
    /// Creates the tasks of a plan, all or none.
    ///
    /// A prerequisite that has ended counts as it ended: a task for which it had to succeed is
    /// [skipped](crate::orchestration::TaskState::Skipped) at once if it did not. Creating the same
    /// plan again changes nothing and returns the current states, also with another write id, and
    /// also if the tasks were changed since.
    ///
    /// # Errors
    ///
    /// `Conflict`, with [`PlanConflict`](super::PlanConflict) as its source, if a task exists that
    /// was created with a different definition, or some tasks of the plan exist and others do not.
    #[idempotent]
    async fn create(
        &self,
        context: &WriteContext,
        user: &UserId,
        plan: &TaskPlan,
    ) -> Result<PlanOutcome>;

    /// Changes the fields of a task's definition that the changes name, unless it has ended. The
    /// version increases if a value differs.
    #[idempotent]
    async fn update(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        changes: &TaskChanges,
    ) -> Result<TaskChange>;

    /// Adds dependencies to a task that is blocked or ready, all or none.
    ///
    /// A ready task becomes blocked if one of them is open. The task is
    /// [skipped](crate::orchestration::TaskState::Skipped) at once if a prerequisite that has to
    /// succeed ended otherwise. A dependency that the task has already changes nothing. One that would close a cycle is refused with the tasks of the cycle, also if
    /// two callers add the two halves of a cycle at the same time.
    #[idempotent]
    async fn add_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> Result<DependencyChange>;

    /// Removes dependencies of a task that is blocked or ready.
    ///
    /// A blocked task becomes ready, due at the time of the write, if none of the remaining ones is
    /// open. A dependency that the task does not have is ignored.
    #[idempotent]
    async fn remove_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> Result<DependencyChange>;

    /// Cancels a task that has not ended, at once, and frees the slot of its agent.
    ///
    /// With [`CancelScope::Descendants`] its open descendants are cancelled, too. Its agent learns of it
    /// at its next heartbeat, report, or save in the task history.
    #[idempotent]
    async fn cancel(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        scope: CancelScope,
    ) -> Result<CancelOutcome>;

    /// Makes a waiting task ready, due at the time of the write, and merges the members of `answers`
    /// into the member `answers` of its context. Members with the same key are replaced. The version
    /// increases if the context differs.
    #[idempotent]
    async fn resume(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        answers: &Document,
    ) -> Result<ResumeOutcome>;

    /// Returns a task; `None` if it does not exist.
    #[read]
    async fn get(&self, task: &TaskKey) -> Result<Option<Task>>;

    /// Lists the tasks of an owner that the filter accepts, by descending creation, and by
    /// descending id for equal instants.
    ///
    /// With concurrent writes, no task is listed twice over all pages, and no unchanged task is
    /// missed. The cost of a page does not depend on the number of tasks, except with both a parent
    /// and states, where it grows with the parts that the page passes.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Result<Page<TaskOverview, TaskCursor>>;

    /// Returns a task with all tasks that it depends on, directly or not, and all that depend on
    /// it. Empty if the task does not exist.
    ///
    /// At most [`TaskGraph::MAX_TASKS`] tasks, the nearest first.
    #[read]
    async fn graph(&self, task: &TaskKey) -> Result<TaskGraph>;

    /// Counts the tasks of an owner by state, all at the same instant.
    ///
    /// The cost grows with the number of tasks.
    #[read]
    async fn counts(&self, user: &UserId) -> Result<TaskCounts>;

    /// Counts what [`remove_expired`](Self::remove_expired) would remove. Removes nothing.
    #[read]
    async fn expired(&self, retention: &TaskRetention) -> Result<u64>;

    /// Removes one batch of the ended tasks that the retention covers, in the order of their keys,
    /// with their dependencies and executions. The entries of the audit log and the task history are
    /// kept.
    ///
    /// A task that is a prerequisite or the parent of an open task is not removed. A batch is one
    /// transaction, and examines at most as many tasks as the page has items. To remove every covered
    /// task, continue after [`RemovedTasks::next`] until it is `None`. Two concurrent runs remove each task once.
    #[once]
    async fn remove_expired(
        &self,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> Result<RemovedTasks>;
}
