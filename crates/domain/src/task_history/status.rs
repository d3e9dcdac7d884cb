use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// The status of a task or a step.
///
/// Exhaustive: the set is fixed, in the JSON form and in the schema of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum TaskStatus {
    /// Accepted, but not started.
    Pending,
    /// In progress.
    Running,
    /// Succeeded.
    Completed,
    /// Cancelled.
    Cancelled,
    /// Exceeded its time limit.
    TimedOut,
    /// Failed with an error.
    Failed,
}

impl TaskStatus {
    /// All statuses, in the order of the variants.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Failed,
    ];

    /// Returns the text form, which JSON and the store use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
        }
    }

    /// Returns whether the status is terminal: `completed`, `cancelled`, `timed_out` or `failed`.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TaskStatus {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                let known = "pending, running, completed, cancelled, timed_out or failed";
                InvalidValue::text("status", known, text)
            })
    }
}

impl TryFrom<String> for TaskStatus {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TaskStatus> for &'static str {
    fn from(status: TaskStatus) -> Self {
        status.as_str()
    }
}

/// A set of statuses, for filters. The default is all statuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusSet([bool; TaskStatus::ALL.len()]);

impl StatusSet {
    /// All statuses.
    pub const ALL: Self = Self([true; TaskStatus::ALL.len()]);

    /// Creates a set of only these statuses.
    pub fn only(statuses: impl IntoIterator<Item = TaskStatus>) -> Self {
        let chosen: Vec<_> = statuses.into_iter().collect();
        Self(TaskStatus::ALL.map(|status| chosen.contains(&status)))
    }

    /// Returns whether the set contains `status`.
    #[must_use]
    pub fn contains(self, status: TaskStatus) -> bool {
        self.iter().any(|chosen| chosen == status)
    }

    /// Returns the statuses of the set, in the order of the variants.
    pub fn iter(self) -> impl Iterator<Item = TaskStatus> {
        TaskStatus::ALL
            .into_iter()
            .zip(self.0)
            .filter_map(|(status, chosen)| chosen.then_some(status))
    }
}

impl Default for StatusSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl From<TaskStatus> for StatusSet {
    fn from(status: TaskStatus) -> Self {
        Self::only([status])
    }
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_round_trips() {
        for status in TaskStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!(
            "done".parse::<TaskStatus>().unwrap_err().to_string(),
            "status must be pending, running, completed, cancelled, timed_out or failed, got \"done\""
        );
    }

    #[test]
    fn status_set_contains_only_the_given_statuses() {
        let set = StatusSet::only([TaskStatus::Failed, TaskStatus::Pending]);

        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [TaskStatus::Pending, TaskStatus::Failed]
        );
        assert!(!set.contains(TaskStatus::Running));
        assert_eq!(StatusSet::default().iter().count(), 6);
    }
}
