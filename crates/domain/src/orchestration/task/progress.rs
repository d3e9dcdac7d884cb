use serde::{Deserialize, Serialize};

use super::TaskDefinition;
use super::dependency::Dependency;
use crate::TaskKey;
use crate::orchestration::{AgentId, TaskState, Version};
use crate::task_history::ErrorCode;
use crate::timestamp::Timestamp;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// Its owner and id.
    pub key: TaskKey,
    /// What it is.
    pub definition: TaskDefinition,
    /// What it depends on, by ascending id.
    pub dependencies: Vec<Dependency>,
    /// Its progress.
    pub progress: TaskProgress,
    /// When its definition or dependencies changed last.
    pub updated_at: Timestamp,
    /// The number of changes of its definition, from 1.
    pub version: Version,
}

impl Task {
    /// Creates a task.
    #[must_use]
    pub const fn new(key: TaskKey, definition: TaskDefinition, progress: TaskProgress) -> Self {
        let updated_at = progress.created_at;
        Self {
            key,
            definition,
            dependencies: Vec::new(),
            progress,
            updated_at,
            version: Version::DEFAULT,
        }
    }
}

/// The progress of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskProgress {
    /// Its state.
    pub state: TaskState,
    /// The number of attempts so far, which is the number of the latest one.
    pub attempts: u32,
    /// How many of them count towards the maximum: those that failed, timed out or were lost.
    pub counted_attempts: u32,
    /// The agent that executes it; `None` unless it is assigned or running.
    pub agent: Option<AgentId>,
    /// The number of prerequisites that it waits for; 0 unless it is blocked.
    pub open_dependencies: u32,
    /// When it can be claimed; `None` unless it is ready.
    pub due_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub changed_at: Timestamp,
    /// The code of the latest error of an attempt, even if a later attempt succeeded; `None` if no
    /// attempt failed, timed out or was lost.
    pub error_code: Option<ErrorCode>,
}

impl TaskProgress {
    /// Creates the progress of a new task in a state.
    #[must_use]
    pub fn created(state: TaskState, open_dependencies: u32, at: Timestamp) -> Self {
        Self {
            state,
            attempts: 0,
            counted_attempts: 0,
            agent: None,
            open_dependencies,
            due_at: (state == TaskState::Ready).then_some(at),
            created_at: at,
            changed_at: at,
            error_code: None,
        }
    }

    /// Returns when the task ended; `None` while it is open.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.state.is_ended().then_some(self.changed_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_task_is_due_and_only_an_ended_one_has_an_end() {
        let noon: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for state in TaskState::ALL {
            let created = TaskProgress::created(*state, 0, noon);
            let is_ready = *state == TaskState::Ready;
            assert_eq!(created.due_at, is_ready.then_some(noon), "{state}");
            assert_eq!(
                created.ended_at(),
                state.is_ended().then_some(noon),
                "{state}"
            );
        }
    }
}
