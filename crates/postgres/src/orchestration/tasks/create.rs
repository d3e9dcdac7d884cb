//! Creates plans.

mod known;
mod planned;
mod statements;

use std::collections::BTreeSet;

use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager,
};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{PlanOutcome, TaskPlan};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::known::known;
use self::planned::{Planned, of_created};
pub(in crate::orchestration) use self::statements::CreateTasks;
use self::statements::KnownTasks;
use super::locking::{LockedTasks, keep_tasks, lock_tasks};
use crate::orchestration::settling::finish_history;

/// Creates a plan: in one statement if it needs no tasks that exist already.
pub(super) async fn create(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    plan: &TaskPlan,
    wait: LockWait,
) -> Result<PlanOutcome, StoreError> {
    let prerequisites: Vec<_> = plan.external_prerequisites().into_iter().collect();
    let parents: Vec<_> = plan.external_parents().into_iter().collect();
    if prerequisites.is_empty() && parents.is_empty() && !in_transaction(connection) {
        let planned = Planned::of(plan, &LockedTasks::new());
        return add(connection, context, user, plan, &planned, wait).await;
    }
    connection
        .transaction(async |connection| {
            let locked = lock_tasks(connection, user, &prerequisites, wait).await?;
            let kept = keep_tasks(connection, user, &parents).await?;
            if let Some(unknown) = unknown(plan, &locked, &kept) {
                let statement = Prepared(KnownTasks::of(context, user, plan));
                let before = known(context, plan, statement.load(connection).await?)?;
                return Ok(before.unwrap_or(unknown));
            }
            let planned = Planned::of(plan, &locked);
            let outcome = add(connection, context, user, plan, &planned, wait).await?;
            if let PlanOutcome::Created { .. } = outcome {
                finish_skipped(connection, context, user, plan, &planned).await?;
            }
            Ok(outcome)
        })
        .await
}

/// Whether a transaction of the caller is open. A statement that fails would end it, so a statement
/// that is repeated after a failure needs a savepoint.
fn in_transaction(connection: &mut AsyncPgConnection) -> bool {
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    !matches!(status.transaction_depth(), Ok(None))
}

/// Adds the tasks, unless the plan was created before.
async fn add(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    plan: &TaskPlan,
    planned: &Planned<'_>,
    wait: LockWait,
) -> Result<PlanOutcome, StoreError> {
    let statement = Prepared(CreateTasks::of(context, user, plan, planned, wait));
    let before = known(context, plan, statement.load(connection).await?)?;
    Ok(before.unwrap_or_else(|| of_created(plan, planned)))
}

/// The outcome for a plan that names a task which does not exist.
fn unknown(plan: &TaskPlan, locked: &LockedTasks, kept: &BTreeSet<TaskId>) -> Option<PlanOutcome> {
    let own: BTreeSet<_> = plan.tasks().iter().map(|task| &task.task).collect();
    let parent = plan.tasks().iter().find_map(|task| {
        let parent = task.definition.parent.as_ref();
        let unknown = parent.filter(|parent| !own.contains(parent) && !kept.contains(*parent))?;
        Some(PlanOutcome::UnknownParent {
            task: task.task.clone(),
            parent: unknown.clone(),
        })
    });
    let exists = |task: &TaskId| own.contains(task) || locked.contains_key(task);
    let prerequisite = || {
        plan.tasks().iter().find_map(|task| {
            let mut needed = task.dependencies.iter().map(|edge| &edge.prerequisite);
            Some(PlanOutcome::UnknownPrerequisite {
                prerequisite: needed.find(|task| !exists(task))?.clone(),
                task: task.task.clone(),
            })
        })
    };
    parent.or_else(prerequisite)
}

/// Finishes the tasks that were skipped at once in the task history.
async fn finish_skipped(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    user: &UserId,
    plan: &TaskPlan,
    planned: &Planned<'_>,
) -> Result<(), StoreError> {
    let tasks = plan.tasks().iter().zip(&planned.states);
    let skipped = tasks.filter(|(_, state)| **state == TaskState::Skipped);
    let finished: Vec<_> = skipped
        .filter_map(|(task, state)| Some((task.task.clone(), state.final_status()?)))
        .collect();
    finish_history(connection, user, context.at, &finished).await
}
