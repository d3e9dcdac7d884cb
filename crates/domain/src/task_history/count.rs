use std::collections::BTreeMap;

use super::{TaskStatus, UserId};

/// Whose history is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    #[default]
    Everyone,
    /// One user's.
    User(UserId),
}

/// How much there is, at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries, all revisions counted.
    pub entries: u64,
    /// Steps, each counted once.
    pub steps: u64,
    /// Tasks, also those that were finished before anything was recorded.
    pub tasks: u64,
    /// Users with at least one task.
    pub users: u64,
    /// Tasks by status; a status that no task has is left out.
    pub tasks_by_status: BTreeMap<TaskStatus, u64>,
}
