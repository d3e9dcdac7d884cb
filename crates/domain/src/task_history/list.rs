mod cursor;
mod cursor_of_all;

pub use self::cursor::ListCursor;
pub use self::cursor_of_all::ListAllCursor;
use super::{ErrorCode, StatusSet, TaskSummary};
use crate::timestamp::Timestamp;

/// A filter for lists of tasks. The default accepts all tasks.
///
/// ```
/// use tasktrail_domain::task_history::{ErrorCode, TaskFilter, TaskStatus};
///
/// let timed_out = TaskFilter::default()
///     .with_statuses(TaskStatus::Failed)
///     .with_error_code(ErrorCode::TIMEOUT);
/// // Says `completed`, but was never finished: its worker forgot to, or died.
/// let forgotten = TaskFilter::default()
///     .with_statuses(TaskStatus::Completed)
///     .with_finished(false);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Accepts only tasks with these statuses.
    pub statuses: StatusSet,
    /// Accepts only finished tasks (`true`), or only open ones (`false`), whatever their status.
    pub finished: Option<bool>,
    /// Accepts only tasks whose summary has this error code.
    pub error_code: Option<ErrorCode>,
    /// Accepts only tasks with their last activity at this instant or later.
    pub since: Option<Timestamp>,
    /// Accepts only tasks with their last activity before this instant.
    pub until: Option<Timestamp>,
}

impl TaskFilter {
    /// Sets [`statuses`](Self::statuses).
    #[must_use]
    pub fn with_statuses(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// Sets [`finished`](Self::finished).
    #[must_use]
    pub fn with_finished(mut self, finished: impl Into<Option<bool>>) -> Self {
        self.finished = finished.into();
        self
    }

    /// Sets [`error_code`](Self::error_code).
    #[must_use]
    pub fn with_error_code(mut self, code: impl Into<Option<ErrorCode>>) -> Self {
        self.error_code = code.into();
        self
    }

    /// Sets [`since`](Self::since).
    #[must_use]
    pub fn with_since(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.since = instant.into();
        self
    }

    /// Sets [`until`](Self::until).
    #[must_use]
    pub fn with_until(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.until = instant.into();
        self
    }

    /// Returns whether the filter accepts a task.
    #[must_use]
    pub fn accepts(&self, task: &TaskSummary) -> bool {
        self.statuses.contains(task.status)
            && self
                .finished
                .is_none_or(|finished| finished == task.is_finished())
            && self
                .error_code
                .as_ref()
                .is_none_or(|code| task.error_code.as_ref() == Some(code))
            && self.since.is_none_or(|since| task.last_updated >= since)
            && self.until.is_none_or(|until| task.last_updated < until)
    }
}
