//! Which dependencies are new, and what the task is with them.

use std::collections::BTreeMap;

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{
    Dependency, DependencyChange, TaskPlan, When, state_at_creation,
};

use crate::orchestration::tasks::locking::{LockedTask, LockedTasks};

/// Returns those of the dependencies that a task does not have, sorted, if they can be added.
pub(super) fn new_dependencies(
    dependencies: &[Dependency],
    existing: &BTreeMap<TaskId, When>,
    locked: &LockedTasks,
) -> Result<Vec<Dependency>, DependencyChange> {
    let mut known = existing.clone();
    let mut added = Vec::new();
    for dependency in dependencies {
        let Dependency { prerequisite, when } = dependency;
        if !locked.contains_key(prerequisite) {
            let prerequisite = prerequisite.clone();
            return Err(DependencyChange::UnknownPrerequisite { prerequisite });
        }
        match known.insert(prerequisite.clone(), *when) {
            None => added.push(dependency.clone()),
            Some(same) if same == *when => {}
            Some(_) => {
                let prerequisite = prerequisite.clone();
                return Err(DependencyChange::Differs { prerequisite });
            }
        }
    }
    if known.len() > TaskPlan::MAX_DEPENDENCIES_OF_A_TASK {
        return Err(DependencyChange::TooLarge);
    }
    added.sort();
    Ok(added)
}

/// The state of a blocked or ready task with new dependencies, and the number of open ones.
pub(super) fn required_state(
    task: &LockedTask,
    added: &[Dependency],
    locked: &LockedTasks,
) -> (TaskState, u32) {
    let edges = added.iter();
    let edges = edges.filter_map(|edge| Some((edge.when, locked.get(&edge.prerequisite)?.state)));
    let (required, added) = state_at_creation(edges);
    if required == TaskState::Skipped {
        return (required, 0);
    }
    let open = task.open_dependencies.saturating_add(added);
    let state = if open > 0 {
        TaskState::Blocked
    } else {
        TaskState::Ready
    };
    (state, open)
}
