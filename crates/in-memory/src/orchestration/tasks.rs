use async_trait::async_trait;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, RemovedTasks,
    ResumeOutcome, Task, TaskChange, TaskChanges, TaskCounts, TaskCursor, TaskFilter, TaskGraph,
    TaskOverview, TaskPlan, TaskRepository, TaskRetention, operation,
};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

use super::{InMemoryOrchestration, conflict};
use crate::store::Data;
use crate::store::orchestration::{ExpiredBatch, Owner, Purpose, Write};
use crate::store::transactions::{Lock, Transactions};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl TaskRepository for InMemoryOrchestration {
    async fn create(
        &self,
        context: &WriteContext,
        user: &UserId,
        plan: &TaskPlan,
    ) -> Result<PlanOutcome> {
        let create = |owner: &mut Owner| {
            let created = owner.create(context, plan);
            created.map_err(|refused| conflict(operation::CREATE, refused))
        };
        self.change(operation::CREATE, user, create).await
    }

    async fn update(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        changes: &TaskChanges,
    ) -> Result<TaskChange> {
        let TaskKey { user, task } = task;
        let purpose = Purpose::of_task(operation::UPDATE, task);
        let update = |write: &mut Write<'_>| write.update_task(task, changes);
        self.write(context, user, purpose, update).await
    }

    async fn add_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> Result<DependencyChange> {
        let TaskKey { user, task } = task;
        let purpose = Purpose::of_task(operation::ADD_DEPENDENCIES, task);
        let add = |write: &mut Write<'_>| write.add_dependencies(task, dependencies);
        self.write(context, user, purpose, add).await
    }

    async fn remove_dependencies(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> Result<DependencyChange> {
        let TaskKey { user, task } = task;
        let purpose = Purpose::of_task(operation::REMOVE_DEPENDENCIES, task);
        let remove = |write: &mut Write<'_>| write.remove_dependencies(task, prerequisites);
        self.write(context, user, purpose, remove).await
    }

    async fn cancel(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        scope: CancelScope,
    ) -> Result<CancelOutcome> {
        let TaskKey { user, task } = task;
        let purpose = Purpose::of_task(operation::CANCEL, task);
        let cancel = |write: &mut Write<'_>| write.cancel(task, scope);
        self.write(context, user, purpose, cancel).await
    }

    async fn resume(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        answers: &Document,
    ) -> Result<ResumeOutcome> {
        let TaskKey { user, task } = task;
        let purpose = Purpose::of_task(operation::RESUME, task);
        let resume = |write: &mut Write<'_>| write.resume(task, answers);
        self.write(context, user, purpose, resume).await
    }

    async fn get(&self, task: &TaskKey) -> Result<Option<Task>> {
        let TaskKey { user, task } = task;
        self.read(operation::GET, user, |owner| owner.tasks.get(task).cloned())
    }

    async fn list(
        &self,
        user: &UserId,
        filter: &TaskFilter,
        page: &PageRequest<TaskCursor>,
    ) -> Result<Page<TaskOverview, TaskCursor>> {
        let list = |owner: &Owner| owner.tasks.page(filter, page);
        self.read(operation::LIST, user, list)
    }

    async fn graph(&self, task: &TaskKey) -> Result<TaskGraph> {
        let TaskKey { user, task } = task;
        self.read(operation::GRAPH, user, |owner| owner.tasks.graph(task))
    }

    async fn counts(&self, user: &UserId) -> Result<TaskCounts> {
        self.read(operation::COUNTS, user, |owner| owner.tasks.counts())
    }

    async fn expired(&self, retention: &TaskRetention) -> Result<u64> {
        self.view.read(operation::EXPIRED, |data, _| {
            let owners = data.owners.in_scope(&retention.scope, None);
            owners.map(|owner| owner.count_expired(retention)).sum()
        })
    }

    /// Skips owners that a transaction has written.
    async fn remove_expired(
        &self,
        retention: &TaskRetention,
        batch: &PageRequest<TaskKey>,
    ) -> Result<RemovedTasks> {
        let transaction = self.view.transaction();
        let mut contents = self.view.contents(operation::REMOVE_EXPIRED)?;
        let choose = |data: &Data, transactions: &Transactions| {
            let first = batch.after.as_ref().map(|task| &task.user);
            let owners = data.owners.in_scope(&retention.scope, first);
            let is_unlocked = |owner: &&Owner| {
                !transactions.lock_out(transaction, &Lock::Owner(owner.user.clone()))
            };
            ExpiredBatch::of(owners.filter(is_unlocked), retention, batch)
        };
        let expired = contents.read(transaction, choose);
        let users = expired.tasks.iter().map(|task| task.user.clone());
        contents.write(transaction, users.map(Lock::Owner).collect(), |data| {
            for TaskKey { user, task } in &expired.tasks {
                data.owners.get_mut(user).remove(task);
            }
        });
        Ok(expired.removed())
    }
}
