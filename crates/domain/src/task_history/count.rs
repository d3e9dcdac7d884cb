use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TaskStatus;
use crate::UserId;

/// Whose tasks an operation covers.
///
/// Exhaustive, because every adapter must be able to apply every scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// The tasks of all users.
    #[default]
    Everyone,
    /// The tasks of one user.
    User(UserId),
}

/// Counts of a history at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Number of entries, including all revisions.
    pub entries: u64,
    /// Number of steps. A step with several revisions counts once.
    pub steps: u64,
    /// Number of tasks, including tasks that were finished without any entry.
    pub tasks: u64,
    /// Number of users with at least one task.
    pub users: u64,
    /// Number of tasks by status, without the statuses that no task has.
    pub tasks_by_status: BTreeMap<TaskStatus, u64>,
    /// Number of open tasks, those that were not finished, by status. Like
    /// [`tasks_by_status`](Self::tasks_by_status), which includes them.
    pub open_tasks_by_status: BTreeMap<TaskStatus, u64>,
}
