use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskCounts, TaskCursor, TaskFilter, TaskGraph,
    TaskOverview, TaskPlan, TaskRetention,
};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

use super::Orchestration;
use crate::pages::pages;

/// The methods of the port of tasks. Each panics on an error.
impl Orchestration {
    /// Creates the tasks of a plan.
    pub async fn create(
        &self,
        context: &WriteContext,
        user: &UserId,
        plan: &TaskPlan,
    ) -> PlanOutcome {
        self.tasks.create(context, user, plan).await.unwrap()
    }

    /// Changes the definition of a task.
    pub async fn update_task(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        changes: &TaskChanges,
    ) -> TaskChange {
        self.tasks.update(context, task, changes).await.unwrap()
    }

    /// Adds dependencies to a task.
    pub async fn add_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> DependencyChange {
        let added = self
            .tasks
            .add_dependencies(context, task, dependencies)
            .await;
        added.unwrap()
    }

    /// Removes dependencies of a task.
    pub async fn remove_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> DependencyChange {
        let removed = self
            .tasks
            .remove_dependencies(context, task, prerequisites)
            .await;
        removed.unwrap()
    }

    /// Cancels a task.
    pub async fn cancel(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        scope: CancelScope,
    ) -> CancelOutcome {
        self.tasks.cancel(context, task, scope).await.unwrap()
    }

    /// Resumes a waiting task.
    pub async fn resume(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        answers: &Document,
    ) -> ResumeOutcome {
        self.tasks.resume(context, task, answers).await.unwrap()
    }

    /// Returns a task, or `None` if it does not exist.
    pub async fn find_task(&self, task: &TaskKey) -> Option<Task> {
        self.tasks.get(task).await.unwrap()
    }

    /// Returns an existing task.
    pub async fn task(&self, task: &TaskKey) -> Task {
        let found = self.find_task(task).await;
        found.unwrap_or_else(|| panic!("{task} does not exist"))
    }

    /// Returns one page of the tasks.
    pub async fn task_page(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Page<TaskOverview, TaskCursor> {
        self.tasks.list(user, filter, page).await.unwrap()
    }

    /// Returns the tasks as pages.
    pub async fn task_pages(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        size: u64,
    ) -> Vec<Vec<TaskOverview>> {
        pages(size, async |asked| {
            self.task_page(user, filter, asked).await
        })
        .await
    }

    /// Returns all tasks that a filter accepts.
    pub async fn list_tasks(&self, user: &UserId, filter: &TaskFilter) -> Vec<TaskOverview> {
        self.task_pages(user, filter, 1000).await.concat()
    }

    /// Returns a task with all that it depends on, and all that depend on it.
    pub async fn graph(&self, task: &TaskKey) -> TaskGraph {
        self.tasks.graph(task).await.unwrap()
    }

    /// Counts the tasks by state.
    pub async fn counts(&self, user: &UserId) -> TaskCounts {
        self.tasks.counts(user).await.unwrap()
    }

    /// Counts the tasks that a removal would remove.
    pub async fn expired(&self, retention: &TaskRetention) -> u64 {
        self.tasks.expired(retention).await.unwrap()
    }

    /// Removes one batch of tasks.
    pub async fn remove_expired(
        &self,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> RemovedTasks {
        self.tasks.remove_expired(retention, batch).await.unwrap()
    }
}
