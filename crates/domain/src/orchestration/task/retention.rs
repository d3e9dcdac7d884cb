use std::time::Duration;

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

/// A retention rule by age: which ended tasks are removed.
///
/// Unlike a [`TaskRetention`], it has no fixed time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRetentionRule {
    /// Covers only tasks that ended before this duration.
    pub older_than: Duration,
    /// Covers only tasks of this owner. Defaults to all owners.
    pub scope: Scope,
    /// Covers only tasks in these states. States of open tasks have no effect. Defaults to all.
    pub states: TaskStateSet,
}

impl TaskRetentionRule {
    /// Covers all tasks that ended before `age`.
    #[must_use]
    pub const fn older_than(age: Duration) -> Self {
        Self {
            older_than: age,
            scope: Scope::Everyone,
            states: TaskStateSet::ALL,
        }
    }

    /// Sets [`scope`](Self::scope).
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets [`states`](Self::states).
    #[must_use]
    pub fn with_states(mut self, states: impl Into<TaskStateSet>) -> Self {
        self.states = states.into();
        self
    }

    /// Returns the retention for the instant `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> TaskRetention {
        TaskRetention {
            scope: self.scope.clone(),
            ended_before: now.saturating_sub(self.older_than),
            states: self.states,
        }
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
