use serde::{Deserialize, Serialize};

use crate::TaskKey;
use crate::orchestration::TaskStateSet;
use crate::task_history::Scope;
use crate::timestamp::Timestamp;

/// Which ended tasks are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRetention {
    /// The owner whose tasks are removed, or everyone.
    pub scope: Scope,
    /// Only tasks that ended before this time.
    pub ended_before: Timestamp,
    /// Only tasks in these states. States of open tasks have no effect.
    pub states: TaskStateSet,
}

impl TaskRetention {
    /// Removes all tasks that ended before a time.
    #[must_use]
    pub const fn ended_before(scope: Scope, cutoff: Timestamp) -> Self {
        Self {
            scope,
            ended_before: cutoff,
            states: TaskStateSet::ALL,
        }
    }

    /// Sets [`states`](Self::states).
    #[must_use]
    pub fn with_states(mut self, states: impl Into<TaskStateSet>) -> Self {
        self.states = states.into();
        self
    }
}

/// A removed batch of tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RemovedTasks {
    /// How many tasks were removed.
    pub tasks: u64,
    /// The last task that was examined, to continue after it; `None` if there are no more.
    pub next: Option<TaskKey>,
}

impl RemovedTasks {
    /// Creates the result of a batch.
    #[must_use]
    pub const fn new(tasks: u64, next: Option<TaskKey>) -> Self {
        Self { tasks, next }
    }
}
