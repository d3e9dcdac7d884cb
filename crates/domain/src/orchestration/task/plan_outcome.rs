use serde::{Deserialize, Serialize};

use crate::TaskId;
use crate::orchestration::TaskState;

/// The result of creating a plan.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum PlanOutcome {
    /// All tasks of the plan were created.
    Created {
        /// The tasks in the order of the plan, with their states.
        tasks: Vec<PlannedTask>,
    },
    /// The plan was created before.
    Known {
        /// The tasks in the order of the plan, with their current states.
        tasks: Vec<PlannedTask>,
    },
    /// A prerequisite is neither in the plan nor in the store. Nothing was created.
    UnknownPrerequisite {
        /// The task of the plan.
        task: TaskId,
        /// Its prerequisite.
        prerequisite: TaskId,
    },
    /// A parent is neither in the plan nor in the store. Nothing was created.
    UnknownParent {
        /// The task of the plan.
        task: TaskId,
        /// Its parent.
        parent: TaskId,
    },
}

/// A task of a plan, and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// The task.
    pub task: TaskId,
    /// Its state.
    pub state: TaskState,
}

/// A task of a plan has the id of an existing one that was created with another definition or
/// other dependencies, or without the other tasks of the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the task {task} exists already, with another definition, other dependencies or without the \
     rest of the plan"
)]
pub struct PlanConflict {
    task: TaskId,
}

impl PlanConflict {
    /// Creates the error.
    #[must_use]
    pub const fn new(task: TaskId) -> Self {
        Self { task }
    }

    /// Returns the task.
    #[must_use]
    pub const fn task(&self) -> &TaskId {
        &self.task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflict_names_the_task() {
        let conflict = PlanConflict::new("build".parse().unwrap());

        assert_eq!(
            conflict.to_string(),
            "the task build exists already, with another definition, other dependencies or without \
             the rest of the plan"
        );
        assert_eq!(conflict.task().as_str(), "build");
    }
}
