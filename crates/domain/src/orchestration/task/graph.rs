use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::dependency::When;
use super::list::TaskOverview;
use crate::TaskId;
use crate::orchestration::TaskState;

/// Tasks and the dependencies among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskGraph {
    /// The tasks, by ascending id.
    pub tasks: Vec<TaskOverview>,
    /// The dependencies among them, by ascending task and prerequisite.
    pub edges: Vec<TaskEdge>,
    /// Whether more tasks belong to the graph than it has.
    pub truncated: bool,
}

impl TaskGraph {
    /// Maximum number of tasks.
    pub const MAX_TASKS: usize = 1000;

    /// Creates a graph.
    #[must_use]
    pub const fn new(tasks: Vec<TaskOverview>, edges: Vec<TaskEdge>, truncated: bool) -> Self {
        Self {
            tasks,
            edges,
            truncated,
        }
    }
}

/// A dependency in a graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskEdge {
    /// The task that waits.
    pub task: TaskId,
    /// The task that must end first.
    pub prerequisite: TaskId,
    /// What the dependency waits for.
    pub when: When,
}

/// The number of tasks by state, without states that no task is in.
pub type TaskCounts = BTreeMap<TaskState, u64>;
