//! The port of tasks.

mod answered;
mod cancel;
mod counts;
mod create;
mod dependencies;
mod get;
mod graph;
mod list;
mod locking;
#[cfg(test)]
mod one_statement;
mod operations;
mod overview;
mod resume;
mod retention;
mod update;

use async_trait::async_trait;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskCounts, TaskCursor, TaskFilter, TaskGraph,
    TaskOverview, TaskPlan, TaskRepository, TaskRetention,
};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

#[cfg(test)]
pub(super) use self::create::CreateTasks;
#[cfg(test)]
pub(super) use self::list::{ListParts, ListTasks};
#[cfg(test)]
pub(super) use self::locking::LockDescendants;
use super::PostgresOrchestration;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskRepository for PostgresOrchestration<'_> {
    async fn create(
        &self,
        context: &WriteContext,
        user: &UserId,
        plan: &TaskPlan,
    ) -> Result<PlanOutcome> {
        self.write_once(|wait| operations::Create(context, user, plan, wait))
            .await
    }

    async fn update(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        changes: &TaskChanges,
    ) -> Result<TaskChange> {
        self.write_once(|wait| operations::Update((context, task), changes, wait))
            .await
    }

    async fn add_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> Result<DependencyChange> {
        let add = |wait| operations::AddDependencies((context, task), dependencies, wait);
        self.write_once(add).await
    }

    async fn remove_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> Result<DependencyChange> {
        let remove = |wait| operations::RemoveDependencies((context, task), prerequisites, wait);
        self.write_once(remove).await
    }

    async fn cancel(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        scope: CancelScope,
    ) -> Result<CancelOutcome> {
        self.write_once(|wait| operations::Cancel((context, task), scope, wait))
            .await
    }

    async fn resume(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        answers: &Document,
    ) -> Result<ResumeOutcome> {
        self.write_once(|wait| operations::Resume((context, task), answers, wait))
            .await
    }

    async fn get(&self, task: &TaskKey) -> Result<Option<Task>> {
        self.run(operations::Get(task)).await
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Result<Page<TaskOverview, TaskCursor>> {
        self.run(operations::List(user, filter, page)).await
    }

    async fn graph(&self, task: &TaskKey) -> Result<TaskGraph> {
        self.run(operations::Graph(task)).await
    }

    async fn counts(&self, user: &UserId) -> Result<TaskCounts> {
        self.run(operations::Counts(user)).await
    }

    async fn expired(&self, retention: &TaskRetention) -> Result<u64> {
        self.run(operations::Expired(retention)).await
    }

    async fn remove_expired(
        &self,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> Result<RemovedTasks> {
        self.run(operations::RemoveExpired(retention, batch)).await
    }
}
