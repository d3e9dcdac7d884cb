//! Changes in the audit log, and dependencies.

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::task::Dependency;

use crate::orchestration::fixture::task_id;

/// A blocked task became ready.
#[must_use]
pub fn made_ready(id: &str) -> Change {
    let (from, to) = (TaskState::Blocked, TaskState::Ready);
    Change::state(Action::TASK_READY, &task_id(id), from, to)
}

/// A blocked task was skipped.
#[must_use]
pub fn made_skipped(id: &str) -> Change {
    let (from, to) = (TaskState::Blocked, TaskState::Skipped);
    Change::state(Action::TASK_SKIPPED, &task_id(id), from, to)
}

/// A task was cancelled.
#[must_use]
pub fn made_cancelled(id: &str, from: TaskState) -> Change {
    let to = TaskState::Cancelled;
    Change::state(Action::TASK_CANCELLED, &task_id(id), from, to)
}

/// Waits for the success of a task.
#[must_use]
pub fn success(id: &str) -> Dependency {
    Dependency::success(task_id(id))
}

/// Waits for the end of a task.
#[must_use]
pub fn end(id: &str) -> Dependency {
    Dependency::end(task_id(id))
}
