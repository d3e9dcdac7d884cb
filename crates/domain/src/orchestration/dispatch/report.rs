use serde::{Deserialize, Serialize};

use super::usage::Usage;
use crate::TaskId;
use crate::orchestration::task::Description;
use crate::orchestration::{AttemptKey, ExecutionState, Payload, TaskState};
use crate::task_history::ErrorCode;
use crate::timestamp::Timestamp;

/// The report of an agent about the end of its attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The attempt.
    pub attempt: AttemptKey,
    /// How it ended.
    pub result: AttemptResult,
    /// Its output, or the question that it asks.
    pub output: Option<Payload>,
    /// What it used.
    pub usage: Usage,
}

impl Report {
    /// Creates a report without output and usage.
    #[must_use]
    pub const fn new(attempt: AttemptKey, result: AttemptResult) -> Self {
        Self {
            attempt,
            result,
            output: None,
            usage: Usage {
                memory: None,
                cpu_time: None,
            },
        }
    }

    /// Sets [`output`](Self::output).
    #[must_use]
    pub fn with_output(mut self, output: impl Into<Option<Payload>>) -> Self {
        self.output = output.into();
        self
    }

    /// Sets [`usage`](Self::usage).
    #[must_use]
    pub const fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }
}

/// How an attempt ended, as its agent reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// It succeeded, and the task is completed.
    Completed,
    /// It failed.
    Failed {
        /// What went wrong.
        error: ReportedError,
        /// When the task is due again if an attempt is left; `None` to end the task.
        retry_at: Option<Timestamp>,
    },
    /// The agent gives the task back. The attempt is not counted.
    Released {
        /// When the task is due again.
        due_at: Timestamp,
    },
    /// The agent needs an answer, such as an approval. The attempt is not counted, and the slot of
    /// the agent becomes free.
    Waiting,
}

impl AttemptResult {
    /// Returns the state of the execution with this result.
    #[must_use]
    pub const fn state(&self) -> ExecutionState {
        match self {
            Self::Completed => ExecutionState::Completed,
            Self::Failed { .. } => ExecutionState::Failed,
            Self::Released { .. } => ExecutionState::Released,
            Self::Waiting => ExecutionState::Waiting,
        }
    }

    /// Returns the error of a failed attempt.
    #[must_use]
    pub const fn error(&self) -> Option<&ReportedError> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Completed | Self::Released { .. } | Self::Waiting => None,
        }
    }
}

/// The error of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportedError {
    /// Its code.
    pub code: ErrorCode,
    /// A text for people, up to 64 KiB.
    #[serde(default)]
    pub message: Description,
}

impl ReportedError {
    /// Creates an error.
    #[must_use]
    pub const fn new(code: ErrorCode, message: Description) -> Self {
        Self { code, message }
    }
}

/// The result of a report.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ReportOutcome {
    /// The attempt was closed as reported.
    Recorded {
        /// The state of the task after that.
        state: TaskState,
        /// The tasks that became ready because of that, in ascending order.
        ready: Vec<TaskId>,
        /// The tasks that were skipped because of that, in ascending order.
        skipped: Vec<TaskId>,
    },
    /// The attempt had been closed before. The report changed nothing, but the audit log has it.
    Superseded {
        /// The state of the execution.
        state: ExecutionState,
        /// The state of the task.
        task: TaskState,
    },
    /// There is no such attempt.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_is_the_end_of_its_execution() {
        let error = ReportedError::new(ErrorCode::VALIDATION, Description::default());
        let failed = AttemptResult::Failed {
            error: error.clone(),
            retry_at: None,
        };
        let released = AttemptResult::Released {
            due_at: Timestamp::default(),
        };
        let results = [
            &AttemptResult::Completed,
            &failed,
            &released,
            &AttemptResult::Waiting,
        ];

        assert_eq!(
            results.map(AttemptResult::state),
            [
                ExecutionState::Completed,
                ExecutionState::Failed,
                ExecutionState::Released,
                ExecutionState::Waiting
            ]
        );
        assert_eq!(
            results.map(AttemptResult::error),
            [None, Some(&error), None, None]
        );
        assert!(results.iter().all(|result| !result.state().is_open()));
    }
}
