use serde::{Deserialize, Serialize};

use crate::Document;
use crate::timestamp::Timestamp;

/// The ready tasks of an owner at an instant, by queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueueLoad {
    /// The queues with ready tasks, by ascending text of their required capabilities.
    pub queues: Vec<ReadyTasks>,
}

impl QueueLoad {
    /// Creates the load of queues.
    #[must_use]
    pub const fn new(queues: Vec<ReadyTasks>) -> Self {
        Self { queues }
    }
}

/// The ready tasks of a queue, which is the tasks with equal required capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReadyTasks {
    /// The required capabilities.
    pub required_capabilities: Document,
    /// The number of ready tasks.
    pub ready: u64,
    /// The number of those that are due.
    pub due: u64,
    /// Since when the longest-waiting one is due; `None` if none is.
    pub due_since: Option<Timestamp>,
}

impl ReadyTasks {
    /// Creates the load of a queue.
    #[must_use]
    pub const fn new(
        required_capabilities: Document,
        ready: u64,
        due: u64,
        due_since: Option<Timestamp>,
    ) -> Self {
        Self {
            required_capabilities,
            ready,
            due,
            due_since,
        }
    }
}
