use std::fmt;

use super::TaskStatus;
use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// A status that a task can be finished with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FinalStatus {
    /// Done.
    Completed,
    /// Called off.
    Cancelled,
    /// Took longer than it was allowed to.
    TimedOut,
    /// Ended with an error.
    Failed,
}

impl From<FinalStatus> for TaskStatus {
    fn from(status: FinalStatus) -> Self {
        match status {
            FinalStatus::Completed => Self::Completed,
            FinalStatus::Cancelled => Self::Cancelled,
            FinalStatus::TimedOut => Self::TimedOut,
            FinalStatus::Failed => Self::Failed,
        }
    }
}

impl TryFrom<TaskStatus> for FinalStatus {
    type Error = InvalidValue;

    fn try_from(status: TaskStatus) -> Result<Self, Self::Error> {
        match status {
            TaskStatus::Completed => Ok(Self::Completed),
            TaskStatus::Cancelled => Ok(Self::Cancelled),
            TaskStatus::TimedOut => Ok(Self::TimedOut),
            TaskStatus::Failed => Ok(Self::Failed),
            TaskStatus::Pending | TaskStatus::Running => {
                let terminal = "completed, cancelled, timed_out or failed to finish a task";
                Err(InvalidValue::new("status", terminal, status))
            }
        }
    }
}

impl fmt::Display for FinalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TaskStatus::from(*self).fmt(f)
    }
}

/// How and when a task was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// The status that it keeps.
    pub status: FinalStatus,
    /// When, by the clock of the one who finished it.
    pub at: Timestamp,
}

/// What came of finishing a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishOutcome {
    /// This call finished the task.
    Finished {
        /// The status it had before; `None` if nobody had recorded it yet.
        previous: Option<TaskStatus>,
    },
    /// Another call had finished the task before; nothing was changed.
    AlreadyFinished {
        /// The status that it was finished with, and keeps.
        status: FinalStatus,
        /// When, by the clock of the one who finished it.
        at: Timestamp,
    },
}

/// What came of cancelling a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The task is cancelled now.
    Cancelled {
        /// The status it had before; `None` if nobody had recorded it yet.
        previous: Option<TaskStatus>,
    },
    /// The task had been finished before; nothing was changed.
    AlreadyFinished {
        /// The status that it was finished with, and keeps.
        status: FinalStatus,
    },
}

impl From<FinishOutcome> for CancelOutcome {
    fn from(outcome: FinishOutcome) -> Self {
        match outcome {
            FinishOutcome::Finished { previous } => Self::Cancelled { previous },
            FinishOutcome::AlreadyFinished { status, .. } => Self::AlreadyFinished { status },
        }
    }
}
