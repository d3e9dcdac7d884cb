use serde::{Deserialize, Serialize};

use super::limits::{Description, MaxAttempts, Priority, Tags, Title};
use crate::orchestration::{TaskState, Version};
use crate::timestamp::Timestamp;
use crate::{Document, TaskId};

/// Changes of a task's definition. Fields that are `None` keep their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TaskChanges {
    /// The new title.
    pub title: Option<Title>,
    /// The new description.
    pub description: Option<Description>,
    /// The new tags, in place of all of the previous ones.
    pub tags: Option<Tags>,
    /// The new requirements, in place of all of the previous ones.
    pub requirements: Option<Document>,
    /// The new context, in place of the previous one.
    pub context: Option<Document>,
    /// The new priority. It also moves a ready task in the order of claims.
    pub priority: Option<Priority>,
    /// The new maximum number of attempts, in effect from the end of the next attempt on.
    pub max_attempts: Option<MaxAttempts>,
    /// The version that the task must have; `None` for any.
    pub expected: Option<Version>,
}

/// The result of changing a task's definition.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum TaskChange {
    /// The task was changed, or already was as requested.
    Changed {
        /// Its version.
        version: Version,
    },
    /// The task has another version than expected.
    Stale {
        /// Its version.
        version: Version,
    },
    /// The task has ended.
    AlreadyEnded {
        /// Its state.
        state: TaskState,
    },
    /// There is no such task.
    Unknown,
}

/// The result of changing a task's dependencies.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum DependencyChange {
    /// The dependencies were changed, or already were as requested.
    Changed {
        /// The state of the task after that.
        state: TaskState,
        /// The tasks that depend on it and were skipped because of that, in ascending order.
        skipped: Vec<TaskId>,
    },
    /// The task is neither blocked nor ready.
    TooLate {
        /// Its state.
        state: TaskState,
    },
    /// A dependency would close a cycle.
    Cycle {
        /// The tasks of the cycle, each of which would depend on the next one. The first is also
        /// the last.
        tasks: Vec<TaskId>,
    },
    /// The task already depends on this prerequisite, but waits for something else.
    Differs {
        /// The prerequisite.
        prerequisite: TaskId,
    },
    /// A prerequisite does not exist.
    UnknownPrerequisite {
        /// The prerequisite.
        prerequisite: TaskId,
    },
    /// The task would have more than 1000 dependencies, or the search for a cycle would read more
    /// than 100 000 tasks.
    TooLarge,
    /// There is no such task.
    Unknown,
}

/// What a cancel includes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelScope {
    /// Only the task.
    #[default]
    Task,
    /// The task and its open descendants: its parts, the parts of those, and so on, also below
    /// parts that have ended.
    Descendants,
}

/// The result of cancelling a task.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CancelOutcome {
    /// The task was cancelled.
    Cancelled {
        /// The previous state.
        previous: TaskState,
        /// The descendants that were cancelled as well, in ascending order.
        descendants: Vec<TaskId>,
        /// The tasks that were skipped because of that, in ascending order.
        skipped: Vec<TaskId>,
    },
    /// The task had ended before. Nothing was changed, and no descendant was cancelled.
    AlreadyEnded {
        /// Its state.
        state: TaskState,
        /// When it ended.
        at: Timestamp,
    },
    /// There is no such task.
    Unknown,
}

/// The result of resuming a waiting task.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ResumeOutcome {
    /// The task is ready.
    Resumed,
    /// The task is not waiting.
    NotWaiting {
        /// Its state.
        state: TaskState,
    },
    /// With these answers, the context of the task would exceed a limit of a [`Document`].
    TooLarge,
    /// There is no such task.
    Unknown,
}
