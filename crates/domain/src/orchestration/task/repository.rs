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

/// Records tasks, what they require, and what they depend on.
///
/// # Contract
///
/// In addition to the [rules of every port](crate::repository) and those for
/// [writes](crate::orchestration#writes):
///
/// - Owners are isolated: the same task id under two owners is two tasks.
/// - At any time, also under concurrent calls, a task that has not ended is blocked if and only if
///   one of its prerequisites has not ended. So a task that is ready, assigned or running has no
///   open prerequisite.
/// - A task is [skipped](crate::orchestration::TaskState::Skipped) in the transaction in which a
///   prerequisite that had to succeed ends otherwise. This applies to a skipped prerequisite as
///   well.
/// - A task that ends is finished in the [task history](crate::task_history) in the same
///   transaction, with the [status](crate::orchestration::TaskState::status) of its state, even if
///   it has no steps there. If it is already finished there, that finish is kept. A task that is
///   finished only in the history stays open here.
/// - Every change except [`remove_expired`](Self::remove_expired) has its entries in the [audit
///   log](crate::orchestration::audit), written in the same transaction.
///
/// # Errors
///
/// As for [`TaskHistoryRepository`](crate::task_history::TaskHistoryRepository#errors). A write
/// also fails with `Conflict`, with [`WriteConflict`](crate::orchestration::WriteConflict) as its
/// source, if its id was used for a different write. Nothing is changed in this case.
#[port("tasks")]
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TaskRepository: fmt::Debug + Send + Sync {
    /// Creates the tasks of a plan, all or none.
    ///
    /// A prerequisite may have ended before. If it had to succeed and did not, the task is
    /// [skipped](crate::orchestration::TaskState::Skipped) at once. Creating the same plan again
    /// changes nothing and returns the current states, even with another write id, and even if the
    /// tasks were changed since. Plans are the same if their tasks have the same ids,
    /// definitions and dependencies.
    ///
    /// # Errors
    ///
    /// `Conflict`, with [`PlanConflict`](super::PlanConflict) as its source, if a task of the plan
    /// exists and was created with a different definition or dependencies, or if only some tasks of
    /// the plan exist. Nothing is created in this case.
    #[idempotent]
    async fn create(
        &self,
        context: &WriteContext,
        user: &UserId,
        plan: &TaskPlan,
    ) -> Result<PlanOutcome>;

    /// Changes the fields of a task's definition that `changes` names, unless the task has ended.
    /// The version increases if a value differs.
    #[idempotent]
    async fn update(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        changes: &TaskChanges,
    ) -> Result<TaskChange>;

    /// Adds dependencies to a task that is blocked or ready, all or none.
    ///
    /// A ready task becomes blocked if a prerequisite has not ended. The task is
    /// [skipped](crate::orchestration::TaskState::Skipped) at once if a prerequisite that has to
    /// succeed ended otherwise. A dependency that the task already has changes nothing. A
    /// dependency that would close a cycle is refused, and the cycle is returned, even if two
    /// callers add the two halves of a cycle at the same time.
    #[idempotent]
    async fn add_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> Result<DependencyChange>;

    /// Removes dependencies of a task that is blocked or ready.
    ///
    /// A blocked task becomes ready, due at the time of the write, if all of its remaining
    /// prerequisites have ended. A dependency that the task does not have is ignored.
    #[idempotent]
    async fn remove_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> Result<DependencyChange>;

    /// Cancels a task that has not ended, and frees the slot of its agent at once.
    ///
    /// With [`CancelScope::Descendants`], its open descendants are cancelled as well. An agent that
    /// executes a cancelled task is informed by the result of its next heartbeat that names the
    /// attempt, of its next report, or of its next save in the task history.
    #[idempotent]
    async fn cancel(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        scope: CancelScope,
    ) -> Result<CancelOutcome>;

    /// Makes a waiting task ready, due at the time of the write, and merges `answers` into the
    /// member `answers` of its context: members with the same key are replaced. The version
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
    /// missed. The cost of a page does not depend on the number of tasks. Only with both a parent
    /// and states, it grows with the number of parts that the filter does not accept.
    #[read]
    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Result<Page<TaskOverview, TaskCursor>>;

    /// Returns a task, all tasks that it depends on, and all tasks that depend on it, each directly
    /// or indirectly. The graph is empty if the task does not exist.
    ///
    /// If there are more than [`TaskGraph::MAX_TASKS`] tasks, the graph has those that are the
    /// fewest dependencies away.
    #[read]
    async fn graph(&self, task: &TaskKey) -> Result<TaskGraph>;

    /// Counts the tasks of an owner by state, in one snapshot.
    ///
    /// The cost grows with the number of tasks.
    #[read]
    async fn counts(&self, user: &UserId) -> Result<TaskCounts>;

    /// Counts what [`remove_expired`](Self::remove_expired) would remove. Removes nothing.
    #[read]
    async fn expired(&self, retention: &TaskRetention) -> Result<u64>;

    /// Removes one batch of the ended tasks that the retention covers, in the order of their keys,
    /// with their dependencies and executions. The entries of the audit log and the task history
    /// are kept.
    ///
    /// A task that is a prerequisite or the parent of an open task is kept. A batch is one
    /// transaction, and examines at most as many tasks as `batch` has items. To remove all covered
    /// tasks, repeat the call after [`RemovedTasks::next`] until that is `None`. Concurrent runs
    /// remove each task once. Tasks that other calls are changing are left for the next run.
    #[once]
    async fn remove_expired(
        &self,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> Result<RemovedTasks>;
}
