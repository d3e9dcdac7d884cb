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
/// `end` is a closed state. `result` is what the agent reported; `None` if the attempt was lost,
/// timed out or cancelled, or was released by the retirement of its agent. Without a report, a task
/// that becomes ready is due at `at`.
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

#[cfg(test)]
mod tests {
    use ExecutionState::{Cancelled, Completed, Failed, Lost, Released, TimedOut, Waiting};

    use super::*;
    use crate::orchestration::dispatch::ReportedError;
    use crate::orchestration::task::Description;

    fn noon() -> Timestamp {
        "2026-01-31T12:00:00Z".parse().unwrap()
    }

    fn later() -> Timestamp {
        "2026-01-31T13:00:00Z".parse().unwrap()
    }

    fn failed(retry_at: Option<Timestamp>) -> AttemptResult {
        let error = ReportedError::new(ErrorCode::VALIDATION, Description::default());
        AttemptResult::Failed { error, retry_at }
    }

    /// The end of an attempt at a task that has 3 attempts, after `counted_before` of them.
    fn after(
        end: ExecutionState,
        result: Option<&AttemptResult>,
        counted_before: u32,
    ) -> AfterAttempt {
        after_attempt(end, result, counted_before, MaxAttempts::DEFAULT, noon())
    }

    fn expected(
        state: TaskState,
        counted_attempts: u32,
        due_at: Option<Timestamp>,
        error_code: Option<ErrorCode>,
    ) -> AfterAttempt {
        AfterAttempt {
            state,
            counted_attempts,
            due_at,
            error_code,
        }
    }

    #[test]
    fn completed_and_cancelled_attempts_end_the_task() {
        for counted in [0, 2] {
            assert_eq!(
                after(Completed, Some(&AttemptResult::Completed), counted),
                expected(TaskState::Completed, counted, None, None)
            );
            assert_eq!(
                after(Cancelled, None, counted),
                expected(TaskState::Cancelled, counted, None, None)
            );
        }
    }

    #[test]
    fn failed_task_is_retried_if_an_attempt_is_left_and_a_retry_is_requested() {
        let code = Some(ErrorCode::VALIDATION);
        assert_eq!(
            after(Failed, Some(&failed(Some(later()))), 1),
            expected(TaskState::Ready, 2, Some(later()), code.clone())
        );
        assert_eq!(
            after(Failed, Some(&failed(Some(later()))), 2),
            expected(TaskState::Failed, 3, None, code.clone())
        );
        assert_eq!(
            after(Failed, Some(&failed(None)), 0),
            expected(TaskState::Failed, 1, None, code)
        );
    }

    #[test]
    fn lost_task_is_due_at_once_and_fails_after_the_last_attempt() {
        let code = Some(ErrorCode::EXECUTION);
        assert_eq!(
            after(Lost, None, 1),
            expected(TaskState::Ready, 2, Some(noon()), code.clone())
        );
        assert_eq!(
            after(Lost, None, 2),
            expected(TaskState::Failed, 3, None, code)
        );
    }

    #[test]
    fn timed_out_task_is_due_at_once_and_times_out_after_the_last_attempt() {
        let code = Some(ErrorCode::TIMEOUT);
        assert_eq!(
            after(TimedOut, None, 1),
            expected(TaskState::Ready, 2, Some(noon()), code.clone())
        );
        assert_eq!(
            after(TimedOut, None, 2),
            expected(TaskState::TimedOut, 3, None, code)
        );
    }

    #[test]
    fn released_and_waiting_attempts_are_not_counted() {
        let released = AttemptResult::Released { due_at: later() };
        assert_eq!(
            after(Released, Some(&released), 2),
            expected(TaskState::Ready, 2, Some(later()), None)
        );
        assert_eq!(
            after(Released, None, 2),
            expected(TaskState::Ready, 2, Some(noon()), None)
        );
        assert_eq!(
            after(Waiting, Some(&AttemptResult::Waiting), 2),
            expected(TaskState::Waiting, 2, None, None)
        );
    }

    #[test]
    fn maximum_may_be_below_the_attempts_that_were_counted() {
        let after = after_attempt(Lost, None, 5, MaxAttempts::MIN, noon());

        assert_eq!(
            (after.state, after.counted_attempts),
            (TaskState::Failed, 6)
        );
    }

    #[test]
    fn state_after_an_attempt_can_follow_an_executing_one() {
        let results = [
            AttemptResult::Completed,
            failed(None),
            failed(Some(later())),
            AttemptResult::Released { due_at: later() },
            AttemptResult::Waiting,
        ];
        let reported = results.iter().map(|result| (result.state(), Some(result)));
        let unreported = [Cancelled, TimedOut, Released, Lost].map(|end| (end, None));
        for (end, result) in reported.chain(unreported) {
            for counted in 0..3 {
                let after = after(end, result, counted);
                assert!(TaskState::Assigned.may_become(after.state), "{end}");
                assert!(TaskState::Running.may_become(after.state), "{end}");
                assert_eq!(
                    after.due_at.is_some(),
                    after.state == TaskState::Ready,
                    "{end}"
                );
            }
        }
    }
}
