//! What the end of a task does to the tasks that depend on it.
//!
//! All adapters decide with these functions, so they agree by construction.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::dependency::When;
use crate::TaskId;
use crate::orchestration::TaskState;

/// Returns the state of a task that is created with these dependencies, each with the state of its
/// prerequisite, and the number of them that are open.
///
/// The number is 0 for a task that is skipped.
pub fn state_at_creation(
    dependencies: impl IntoIterator<Item = (When, TaskState)>,
) -> (TaskState, u32) {
    let mut open = 0;
    for (when, prerequisite) in dependencies {
        match when.is_met(prerequisite) {
            Some(false) => return (TaskState::Skipped, 0),
            Some(true) => {}
            None => open += 1,
        }
    }
    let blocked = open > 0;
    let state = if blocked {
        TaskState::Blocked
    } else {
        TaskState::Ready
    };
    (state, open)
}

/// The tasks that depend on each task, and what each waits for.
pub type Dependants = BTreeMap<TaskId, Vec<(TaskId, When)>>;

/// A task that depends on others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependant {
    /// Its state.
    pub state: TaskState,
    /// The number of its open dependencies.
    pub open_dependencies: u32,
}

/// What becomes of a task because tasks that it depends on have ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The task.
    pub task: TaskId,
    /// Its state before: always `blocked`.
    pub from: TaskState,
    /// Its state after: `blocked`, `ready` or `skipped`.
    pub to: TaskState,
    /// The number of its open dependencies after; 0 if it is skipped.
    pub open_dependencies: u32,
}

/// Decides what becomes of the tasks that depend on tasks that ended, and on tasks that are skipped
/// because of that.
///
/// `dependants` has the edges to all tasks that depend on one that ended or is skipped, and `tasks`
/// has those tasks as they were before. The result has each task that changes once, by ascending
/// id. A task of `ended`, and one that is not blocked, does not change.
#[must_use]
pub fn settle(
    ended: impl IntoIterator<Item = (TaskId, TaskState)>,
    dependants: &Dependants,
    tasks: &BTreeMap<TaskId, Dependant>,
) -> Vec<Settled> {
    let mut queue: VecDeque<(TaskId, TaskState)> = ended.into_iter().collect();
    let ended: BTreeSet<TaskId> = queue.iter().map(|(task, _)| task.clone()).collect();
    let is_blocked = |task: &Dependant| task.state == TaskState::Blocked;
    let mut settled: BTreeMap<TaskId, Settled> = BTreeMap::new();
    while let Some((prerequisite, end)) = queue.pop_front() {
        for (task, when) in dependants.get(&prerequisite).into_iter().flatten() {
            let before = tasks.get(task).filter(|before| is_blocked(before));
            let (Some(before), Some(is_met)) = (before, when.is_met(end)) else {
                continue;
            };
            if ended.contains(task) {
                continue;
            }
            let now = settled.entry(task.clone()).or_insert_with(|| Settled {
                task: task.clone(),
                from: before.state,
                to: before.state,
                open_dependencies: before.open_dependencies,
            });
            if now.to == TaskState::Skipped {
                continue;
            }
            if is_met {
                now.open_dependencies = now.open_dependencies.saturating_sub(1);
                if now.open_dependencies == 0 {
                    now.to = TaskState::Ready;
                }
            } else {
                now.to = TaskState::Skipped;
                now.open_dependencies = 0;
                queue.push_back((task.clone(), TaskState::Skipped));
            }
        }
    }
    settled.into_values().collect()
}

#[cfg(test)]
mod tests;
