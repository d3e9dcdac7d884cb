//! What the end of an attempt does to its task.
//!
//! All adapters decide with this function, so they agree by construction.

use super::report::AttemptResult;
use crate::orchestration::task::MaxAttempts;
use crate::orchestration::{ExecutionState, TaskState};
use crate::task_history::ErrorCode;
use crate::timestamp::Timestamp;

/// The state of a task after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterAttempt {
    /// The state of the task.
    pub state: TaskState,
    /// The number of its counted attempts.
    pub counted_attempts: u32,
    /// When it can be claimed again; `None` unless it is ready.
    pub due_at: Option<Timestamp>,
    /// Its error code, which replaces the previous one; `None` to keep that.
    pub error_code: Option<ErrorCode>,
}

/// Decides what becomes of a task whose attempt ends with `end` at `at`.
///
/// `end` is a closed state. `result` is the report of the agent; `None` if the attempt was lost,
/// timed out or released by somebody else. Without a report, a task with attempts left is due at
/// `at`.
#[must_use]
pub fn after_attempt(
    end: ExecutionState,
    result: Option<&AttemptResult>,
    counted_before: u32,
    max_attempts: MaxAttempts,
    at: Timestamp,
) -> AfterAttempt {
    let counted_attempts = counted_before.saturating_add(u32::from(end.is_counted()));
    let exhausted = counted_attempts >= u32::from(max_attempts.get().unsigned_abs());
    let due_at = match result {
        Some(AttemptResult::Failed { retry_at, .. }) => *retry_at,
        Some(AttemptResult::Released { due_at }) => Some(*due_at),
        Some(AttemptResult::Completed | AttemptResult::Waiting) => None,
        None => Some(at),
    };
    let state = match end {
        ExecutionState::Completed => TaskState::Completed,
        ExecutionState::Cancelled => TaskState::Cancelled,
        ExecutionState::Waiting => TaskState::Waiting,
        ExecutionState::TimedOut if exhausted => TaskState::TimedOut,
        counted if counted.is_counted() && (exhausted || due_at.is_none()) => TaskState::Failed,
        _ => TaskState::Ready,
    };
    let error_code = match end {
        ExecutionState::Failed => result
            .and_then(AttemptResult::error)
            .map(|error| error.code.clone()),
        ExecutionState::TimedOut => Some(ErrorCode::TIMEOUT),
        ExecutionState::Lost => Some(ErrorCode::EXECUTION),
        _ => None,
    };
    AfterAttempt {
        state,
        counted_attempts,
        due_at: due_at.filter(|_| state == TaskState::Ready),
        error_code,
    }
}
