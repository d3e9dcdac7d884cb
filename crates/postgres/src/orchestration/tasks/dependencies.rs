//! Changes the dependencies of tasks.

mod added;
mod cycle;
mod statements;

use std::collections::BTreeMap;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::task::{Dependency, DependencyChange, When};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::added::new_dependencies;
use self::cycle::find_cycle;
use self::statements::{AddDependencies, DependenciesOf, LockGraph, RemoveDependencies};
use super::answered::record_answered;
use super::locking::{LockedTask, LockedTasks, lock_tasks};
use crate::orchestration::settling::{changes_of, finish_history, settle, settled_as};
use crate::orchestration::task_row::{task_id_of, when_of};
use crate::orchestration::write_log::replayed;

/// Adds dependencies to a task that is blocked or ready.
pub(super) async fn add(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    dependencies: &[Dependency],
    wait: LockWait,
) -> Result<DependencyChange, StoreError> {
    connection
        .transaction(async |connection| {
            // Before the tasks, as every change of dependencies that could close a cycle.
            Prepared(LockGraph::of(key, wait))
                .execute(connection)
                .await?;
            let prerequisites = dependencies.iter().map(|edge| &edge.prerequisite);
            let prerequisites: Vec<_> = prerequisites.collect();
            let locked = lock_with(connection, key, prerequisites, wait).await?;
            let action = Action::TASK_DEPENDENCIES_ADDED;
            if let Some(answer) = repeated(connection, context, key, action).await? {
                return Ok(answer);
            }
            let task = match changeable(key, &locked) {
                Ok(task) => task,
                Err(refused) => return Ok(refused),
            };
            let existing = dependencies_of(connection, key).await?;
            let added = match new_dependencies(dependencies, &existing, &locked) {
                Ok(added) if added.is_empty() => return Ok(unskipped(task.state)),
                Ok(added) => added,
                Err(refused) => return Ok(refused),
            };
            match find_cycle(connection, key, task, &added).await? {
                Some(refused) => Ok(refused),
                None => add_locked(connection, context, key, &locked, task, &added).await,
            }
        })
        .await
}

/// Adds dependencies, none of which the task has, on locked tasks.
async fn add_locked(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    locked: &LockedTasks,
    task: &LockedTask,
    added: &[Dependency],
) -> Result<DependencyChange, StoreError> {
    let (state, open) = added::required_state(task, added, locked);
    let statement = Prepared(AddDependencies::of(key, added, state, open, context.at));
    statement.execute(connection).await?;
    let ended: Vec<_> = state
        .is_ended()
        .then(|| (key.task.clone(), state))
        .into_iter()
        .collect();
    let settled = settle(connection, &key.user, context.at, &ended).await?;
    if let Some(status) = state.final_status() {
        let finished = [(key.task.clone(), status)];
        finish_history(connection, &key.user, context.at, &finished).await?;
    }
    let change = Change::dependencies_added(&key.task, task.state, state, added);
    let changes: Vec<_> = std::iter::once(change)
        .chain(changes_of(&settled))
        .collect();
    let skipped = settled_as(&settled, TaskState::Skipped);
    let outcome = DependencyChange::Changed { state, skipped };
    record_answered(connection, context, &key.user, &changes, &outcome).await?;
    Ok(outcome)
}

/// Removes dependencies of a task that is blocked or ready.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    prerequisites: &[TaskId],
    wait: LockWait,
) -> Result<DependencyChange, StoreError> {
    connection
        .transaction(async |connection| {
            let locked = lock_with(connection, key, prerequisites.iter().collect(), wait).await?;
            let action = Action::TASK_DEPENDENCIES_REMOVED;
            if let Some(answer) = repeated(connection, context, key, action).await? {
                return Ok(answer);
            }
            let task = match changeable(key, &locked) {
                Ok(task) => task,
                Err(refused) => return Ok(refused),
            };
            let mut removed = dependencies_of(connection, key).await?;
            removed.retain(|prerequisite, _| prerequisites.contains(prerequisite));
            if removed.is_empty() {
                return Ok(unskipped(task.state));
            }
            remove_locked(connection, context, key, &locked, task, removed).await
        })
        .await
}

/// Removes dependencies that the task has, on locked tasks.
async fn remove_locked(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    locked: &LockedTasks,
    task: &LockedTask,
    removed: BTreeMap<TaskId, When>,
) -> Result<DependencyChange, StoreError> {
    let is_open = |id: &&TaskId| locked.get(id).is_some_and(|task| !task.state.is_ended());
    let met = removed.keys().filter(is_open).count();
    let open = task
        .open_dependencies
        .saturating_sub(u32::try_from(met).unwrap_or(u32::MAX));
    let state = if open == 0 {
        TaskState::Ready
    } else {
        task.state
    };
    let statement = Prepared(RemoveDependencies::of(
        key,
        removed.keys(),
        state,
        open,
        context.at,
    ));
    statement.execute(connection).await?;
    let removed = removed.into_iter();
    let removed: Vec<_> = removed
        .map(|(prerequisite, when)| Dependency { prerequisite, when })
        .collect();
    let change = Change::dependencies_removed(&key.task, task.state, state, &removed);
    let outcome = unskipped(state);
    record_answered(connection, context, &key.user, &[change], &outcome).await?;
    Ok(outcome)
}

/// Locks a task and others together, so that all are locked by ascending id.
async fn lock_with<'e>(
    connection: &mut AsyncPgConnection,
    key: &'e TaskKey,
    mut tasks: Vec<&'e TaskId>,
    wait: LockWait,
) -> Result<LockedTasks, StoreError> {
    tasks.push(&key.task);
    lock_tasks(connection, &key.user, &tasks, wait).await
}

/// The answer of an earlier call with the same id of the write.
async fn repeated(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    action: Action,
) -> Result<Option<DependencyChange>, StoreError> {
    let Some(replay) = replayed(connection, &key.user, context.id).await? else {
        return Ok(None);
    };
    replay.check(&[action], EntityKind::Task, key.task.as_str())?;
    replay.answer().map(Some)
}

/// The task, if its dependencies can be changed.
fn changeable<'l>(
    key: &TaskKey,
    locked: &'l LockedTasks,
) -> Result<&'l LockedTask, DependencyChange> {
    let task = locked.get(&key.task).ok_or(DependencyChange::Unknown)?;
    match task.state {
        TaskState::Blocked | TaskState::Ready => Ok(task),
        state => Err(DependencyChange::TooLate { state }),
    }
}

fn unskipped(state: TaskState) -> DependencyChange {
    let skipped = Vec::new();
    DependencyChange::Changed { state, skipped }
}

/// What a task depends on.
async fn dependencies_of(
    connection: &mut AsyncPgConnection,
    key: &TaskKey,
) -> Result<BTreeMap<TaskId, When>, StoreError> {
    let rows: Vec<(String, String)> = Prepared(DependenciesOf(key)).load(connection).await?;
    let edges = rows.into_iter().map(|(prerequisite, when)| {
        let prerequisite = task_id_of("task_dependency", prerequisite)?;
        Ok((prerequisite, when_of(key, &when)?))
    });
    edges.collect()
}
