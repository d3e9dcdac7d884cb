use std::fmt;

use serde::{Deserialize, Serialize};

use super::TaskStatus;
use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// A status that a finish gives to a task: the terminal ones of [`TaskStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "TaskStatus", into = "TaskStatus")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
///
/// As JSON: `{"finished": true, "previous": "running"}`, or `{"finished": false, "status":
/// "cancelled", "at": "2026-01-31T12:00:00.000000Z"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FinishDocument", into = "FinishDocument")]
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
///
/// As JSON: `{"cancelled": true, "previous": "running", "status": "cancelled"}`. `status` is the
/// current status. If `cancelled` is false, `previous` is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "CancelDocument", into = "CancelDocument")]
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

/// The JSON form of a [`FinishOutcome`].
#[derive(Default, Serialize, Deserialize)]
struct FinishDocument {
    finished: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<TaskStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<FinalStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

impl From<FinishOutcome> for FinishDocument {
    fn from(outcome: FinishOutcome) -> Self {
        match outcome {
            FinishOutcome::Finished { previous } => Self {
                finished: true,
                previous,
                ..Self::default()
            },
            FinishOutcome::AlreadyFinished { status, at } => Self {
                status: Some(status),
                at: Some(at),
                ..Self::default()
            },
        }
    }
}

impl TryFrom<FinishDocument> for FinishOutcome {
    type Error = InvalidValue;

    fn try_from(document: FinishDocument) -> Result<Self, Self::Error> {
        match (document.finished, document.status, document.at) {
            (true, None, None) => Ok(Self::Finished {
                previous: document.previous,
            }),
            (false, Some(status), Some(at)) => Ok(Self::AlreadyFinished { status, at }),
            _ => {
                let limit = "finished, or have the status and the time of an earlier finish";
                Err(InvalidValue::new("outcome", limit, "another one"))
            }
        }
    }
}

/// The JSON form of a [`CancelOutcome`].
#[derive(Serialize, Deserialize)]
struct CancelDocument {
    cancelled: bool,
    previous: Option<TaskStatus>,
    status: FinalStatus,
}

impl From<CancelOutcome> for CancelDocument {
    fn from(outcome: CancelOutcome) -> Self {
        match outcome {
            CancelOutcome::Cancelled { previous } => Self {
                cancelled: true,
                previous,
                status: FinalStatus::Cancelled,
            },
            CancelOutcome::AlreadyFinished { status } => Self {
                cancelled: false,
                previous: Some(status.into()),
                status,
            },
        }
    }
}

impl From<CancelDocument> for CancelOutcome {
    fn from(document: CancelDocument) -> Self {
        if document.cancelled {
            Self::Cancelled {
                previous: document.previous,
            }
        } else {
            Self::AlreadyFinished {
                status: document.status,
            }
        }
    }
}
