//! What the tasks of a plan are when they are created.

use std::collections::BTreeMap;

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{
    PlanOutcome, PlannedTask, TaskPlan, state_at_creation,
};
use tasktrail_domain::{JsonText, TaskId};

use crate::orchestration::tasks::locking::LockedTasks;

/// The states of the tasks of a plan, and the numbers of their dependencies.
#[derive(Debug)]
pub(super) struct Planned<'e> {
    /// In the order of the plan, as are the next three.
    pub(super) states: Vec<TaskState>,
    pub(super) open_dependencies: Vec<u32>,
    pub(super) dependants: Vec<u32>,
    pub(super) tags: Vec<JsonText>,
    /// How many dependencies of the plan are on each task that is not in it.
    pub(super) external: BTreeMap<&'e TaskId, u32>,
}

impl<'e> Planned<'e> {
    /// `existing` has the prerequisites that are not in the plan.
    pub(super) fn of(plan: &'e TaskPlan, existing: &LockedTasks) -> Self {
        let mut dependants: BTreeMap<&TaskId, u32> = BTreeMap::new();
        for edge in plan.tasks().iter().flat_map(|task| &task.dependencies) {
            *dependants.entry(&edge.prerequisite).or_default() += 1;
        }
        let mut states: BTreeMap<&TaskId, TaskState> =
            existing.iter().map(|(id, task)| (id, task.state)).collect();
        let mut planned = Self {
            states: Vec::with_capacity(plan.tasks().len()),
            open_dependencies: Vec::with_capacity(plan.tasks().len()),
            dependants: Vec::with_capacity(plan.tasks().len()),
            tags: Vec::with_capacity(plan.tasks().len()),
            external: BTreeMap::new(),
        };
        // Prerequisites come first, so each task finds the states of its own.
        for task in plan.tasks() {
            let edges = task.dependencies.iter();
            let edges =
                edges.filter_map(|edge| Some((edge.when, *states.get(&edge.prerequisite)?)));
            let (state, open) = state_at_creation(edges);
            states.insert(&task.task, state);
            planned.states.push(state);
            planned.open_dependencies.push(open);
            let count = dependants.remove(&task.task).unwrap_or_default();
            planned.dependants.push(count);
            // Never fails: a set of texts is valid JSON.
            let tags = JsonText::of(&task.definition.tags).unwrap_or_default();
            planned.tags.push(tags);
        }
        planned.external = dependants;
        planned
    }
}

/// The outcome for a plan that was created.
pub(super) fn of_created(plan: &TaskPlan, planned: &Planned<'_>) -> PlanOutcome {
    let tasks = plan.tasks().iter().zip(&planned.states);
    let tasks = tasks.map(|(task, state)| PlannedTask {
        task: task.task.clone(),
        state: *state,
    });
    PlanOutcome::Created {
        tasks: tasks.collect(),
    }
}
