use serde::{Deserialize, Serialize};

use super::{ErrorCode, StepNumber, TaskStatus};
use crate::TaskKey;
use crate::timestamp::Timestamp;

/// The summary of a task, derived from its entries and its finish.
///
/// As JSON, an object with a member for each field; the task is `user_id` and `task_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskSummary {
    /// The task.
    #[serde(flatten)]
    pub task: TaskKey,
    /// The final status if the task is finished, otherwise the status of the newest revision of its
    /// highest step.
    pub status: TaskStatus,
    /// The error code of the newest revision of the highest step.
    pub error_code: Option<ErrorCode>,
    /// The highest step; `None` if the task was finished without any entry.
    pub last_step: Option<StepNumber>,
    /// Number of entries, including all revisions.
    pub entries: u64,
    /// The earliest time among the entries and the finish.
    pub created_at: Timestamp,
    /// The latest time among the entries and the finish: the last activity.
    pub last_updated: Timestamp,
    /// The time of the finish; `None` while the task is open.
    pub finished_at: Option<Timestamp>,
}

impl TaskSummary {
    /// Creates a summary with this status, and no entry, error code or finish; both times are `at`.
    /// Set the other fields afterwards.
    #[must_use]
    pub const fn new(task: TaskKey, status: TaskStatus, at: Timestamp) -> Self {
        Self {
            task,
            status,
            finished_at: None,
            last_step: None,
            error_code: None,
            entries: 0,
            created_at: at,
            last_updated: at,
        }
    }

    /// Returns whether the task is finished. Otherwise it is open, whatever its
    /// [`status`](Self::status): another step may follow.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }
}
