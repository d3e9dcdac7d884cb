use std::fmt;

use super::TaskStatus;
use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// A status that a finish gives to a task: the terminal ones of [`TaskStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FinalStatus {
    /// The task succeeded.
    Completed,
    /// The task was cancelled.
    Cancelled,
    /// The task exceeded its time limit.
    TimedOut,
    /// The task failed with an error.
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

/// The final status of a task, and the time of its finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finish {
    /// The final status.
    pub status: FinalStatus,
    /// The time of the finish, by the caller's clock.
    pub at: Timestamp,
}

/// The result of finishing a task.
///
/// Exhaustive: a call is either the first finish of the task or a later one, so that your `match`
/// needs no wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishOutcome {
    /// This call finished the task.
    Finished {
        /// The previous status; `None` if the task had no entries.
        previous: Option<TaskStatus>,
    },
    /// An earlier call has finished the task; nothing was changed.
    AlreadyFinished {
        /// The final status of the task.
        status: FinalStatus,
        /// The time of the finish, by the clock of the earlier caller.
        at: Timestamp,
    },
}

/// The result of cancelling a task.
///
/// Exhaustive, for the same reason as [`FinishOutcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// This call cancelled the task.
    Cancelled {
        /// The previous status; `None` if the task had no entries.
        previous: Option<TaskStatus>,
    },
    /// An earlier call has finished the task; nothing was changed.
    AlreadyFinished {
        /// The final status of the task.
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
