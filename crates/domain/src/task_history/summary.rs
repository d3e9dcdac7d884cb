use super::{ErrorCode, StepNumber, TaskKey, TaskStatus};
use crate::timestamp::Timestamp;

/// A task in one row: what its entries and its finish add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSummary {
    /// The task.
    pub task: TaskKey,
    /// The status it was finished with, else the status of the newest revision of its highest step.
    pub status: TaskStatus,
    /// When it was finished; `None` while it is open.
    pub finished_at: Option<Timestamp>,
    /// Its highest step; `None` if it was finished before anything was recorded.
    pub last_step: Option<StepNumber>,
    /// The error code of the newest revision of its highest step.
    pub error_code: Option<ErrorCode>,
    /// How many entries it has, all revisions counted.
    pub entries: u64,
    /// The earliest time among its entries and its finish.
    pub created_at: Timestamp,
    /// The latest time among its entries and its finish: its last activity.
    pub last_updated: Timestamp,
}
