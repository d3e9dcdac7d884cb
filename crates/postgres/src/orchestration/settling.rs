//! What the end of tasks does to the tasks that depend on them, and in the task history.

mod statements;

use std::collections::BTreeMap;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::task::{self, Dependant, Dependants, Settled};
use tasktrail_domain::task_history::{FinalStatus, Finish};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::Prepared;

pub(super) use self::statements::LockDependants;
use self::statements::{BlockedDependants, Settle};
use super::task_row::{state_of, task_id_of, when_of};
use crate::task_history::finish_open;

/// How often the dependants are locked again because a task was given another one at that moment.
const ATTEMPTS: usize = 10;

/// Settles the tasks that depend on tasks that have ended: makes them ready, or skips them and
/// settles those that depend on them.
///
/// Runs in the transaction of the caller, which has locked the ended tasks and written their
/// states. Finishes the skipped tasks in the history. Returns what changed, by ascending id,
/// including tasks that only wait for less.
pub(super) async fn settle(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
    ended: &[(TaskId, TaskState)],
) -> Result<Vec<Settled>, StoreError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let (dependants, tasks) = lock(connection, user, ended).await?;
    let settled = task::settle(ended.iter().cloned(), &dependants, &tasks);
    if settled.is_empty() {
        return Ok(settled);
    }
    let write = Prepared(Settle::of(user, at, &settled));
    write.execute(connection).await?;
    let skipped = settled.iter().filter_map(|task| {
        let status = task.to.final_status()?;
        Some((task.task.clone(), status))
    });
    finish_history(connection, user, at, &skipped.collect::<Vec<_>>()).await?;
    Ok(settled)
}

/// The entries of the audit log for settled tasks. One that only waits for less has none.
pub(super) fn changes_of(settled: &[Settled]) -> impl Iterator<Item = Change> {
    settled.iter().filter_map(|settled| {
        let Settled { task, from, to, .. } = settled;
        let action = match to {
            TaskState::Ready => Action::TASK_READY,
            TaskState::Skipped => Action::TASK_SKIPPED,
            _ => return None,
        };
        Some(Change::state(action, task, *from, *to))
    })
}

/// The settled tasks that are in a state now.
pub(super) fn settled_as(settled: &[Settled], state: TaskState) -> Vec<TaskId> {
    let tasks = settled.iter().filter(|settled| settled.to == state);
    tasks.map(|settled| settled.task.clone()).collect()
}

/// Finishes tasks in the task history at `at`. The first finish wins there, so one that exists is
/// kept.
pub(super) async fn finish_history(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
    tasks: &[(TaskId, FinalStatus)],
) -> Result<(), StoreError> {
    let finish = |(task, status): &(TaskId, FinalStatus)| {
        let key = TaskKey {
            user: user.clone(),
            task: task.clone(),
        };
        let status = *status;
        (key, Finish { status, at })
    };
    let finishes: Vec<_> = tasks.iter().map(finish).collect();
    finish_open(connection, &finishes).await
}

/// Locks the dependants of tasks that have ended. Returns what depends on each task that has ended
/// or may be skipped, and the dependants.
async fn lock(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    ended: &[(TaskId, TaskState)],
) -> Result<(Dependants, BTreeMap<TaskId, Dependant>), StoreError> {
    for _ in 0..ATTEMPTS {
        let locked = lock_known(connection, user, ended).await?;
        if locked.is_empty() {
            return Ok(<_>::default());
        }
        let skippable = locked.iter().filter(|task| task.may_be_skipped);
        let prerequisites = ended.iter().map(|(task, _)| task);
        let prerequisites = prerequisites
            .chain(skippable.map(|task| &task.id))
            .collect();
        // A newer snapshot: it shows all dependencies on tasks that are locked.
        let dependants = read(connection, user, prerequisites).await?;
        let tasks: BTreeMap<_, _> = locked
            .into_iter()
            .map(|task| (task.id, task.dependant))
            .collect();
        let mut found = dependants.values().flatten();
        if found.all(|(task, _)| tasks.contains_key(task)) {
            return Ok((dependants, tasks));
        }
    }
    Err(StoreError::Overtaken)
}

struct Locked {
    id: TaskId,
    dependant: Dependant,
    may_be_skipped: bool,
}

async fn lock_known(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    ended: &[(TaskId, TaskState)],
) -> Result<Vec<Locked>, StoreError> {
    let statement = Prepared(LockDependants::of(user, ended));
    let rows: Vec<(String, String, i32, bool)> = statement.load(connection).await?;
    let locked = rows.into_iter().map(|(id, state, open, may_be_skipped)| {
        let id = task_id_of("task_state", id)?;
        let state = state_of(&id, &state)?;
        Ok(Locked {
            dependant: Dependant {
                state,
                open_dependencies: open.unsigned_abs(),
            },
            id,
            may_be_skipped,
        })
    });
    locked.collect()
}

async fn read(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    prerequisites: Vec<&TaskId>,
) -> Result<Dependants, StoreError> {
    let statement = Prepared(BlockedDependants::of(user, prerequisites));
    let rows: Vec<(String, String, String)> = statement.load(connection).await?;
    let mut dependants = Dependants::new();
    for (prerequisite, task, when) in rows {
        let prerequisite = task_id_of("task_dependency", prerequisite)?;
        let task = task_id_of("task_dependency", task)?;
        let when = when_of(&task, &when)?;
        dependants
            .entry(prerequisite)
            .or_default()
            .push((task, when));
    }
    Ok(dependants)
}
