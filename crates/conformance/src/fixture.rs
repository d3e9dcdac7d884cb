//! Domain values with readable defaults. They are the same in every run.

use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use serde::Serialize;
use tasktrail_domain::id::{IdGenerator, SequentialIdGenerator};
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, PageRequest, PageSize, Result};
use tasktrail_domain::task_history::{
    EntryConflict, EntryId, ErrorCode, HistoryEntry, ResultLimit, StatusSet, TaskFilter,
    TaskStatus, TaskStepResult,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskKey, UserId, UserPrefix};

/// The users in nearly all cases. A [`Snapshot`](crate::snapshot::Snapshot) covers only them.
pub const USERS: [&str; 2] = ["alice", "bob"];

/// Returns a user ID.
#[must_use]
pub fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

/// Returns a user prefix.
#[must_use]
pub fn prefix(text: &str) -> UserPrefix {
    UserPrefix::new(text).unwrap()
}

/// Returns the key of a task of the user `alice`.
#[must_use]
pub fn task(id: &str) -> TaskKey {
    task_of("alice", id)
}

/// Returns the key of a user's task.
#[must_use]
pub fn task_of(user: &str, id: &str) -> TaskKey {
    TaskKey::new(user, id).unwrap()
}

/// Returns the instant `second` seconds after 2026-01-01 12:00 UTC.
#[must_use]
pub fn at(second: u64) -> Timestamp {
    let noon: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    noon.saturating_add(Duration::from_secs(second))
}

/// One microsecond, the resolution of timestamps.
pub const INSTANT: Duration = Duration::from_micros(1);

/// Requests the first page, with up to `size` items.
#[must_use]
pub fn page<C>(size: u64) -> PageRequest<C> {
    PageRequest::first(PageSize::new(size).unwrap())
}

/// Returns a filter for tasks with one of `statuses`.
pub fn with_status(statuses: impl IntoIterator<Item = TaskStatus>) -> TaskFilter {
    TaskFilter::default().with_statuses(StatusSet::only(statuses))
}

/// Returns a filter for tasks with an error code.
#[must_use]
pub fn with_error(code: ErrorCode) -> TaskFilter {
    TaskFilter::default().with_error_code(code)
}

/// Creates entries, each with a unique ID. Later IDs are greater.
#[derive(Debug, Default)]
pub struct Writer(SequentialIdGenerator);

impl Writer {
    /// Creates an entry for a step of a task, without result or error, recorded at [`at`]`(0)`.
    pub fn step(&self, task: &TaskKey, step: u16, status: TaskStatus) -> HistoryEntry {
        let recorded_at = at(0);
        HistoryEntry::new(
            self.0.next(recorded_at).into(),
            task.clone(),
            step.into(),
            TaskStepResult::builder("fetch", status).build().unwrap(),
            recorded_at,
        )
    }

    /// Creates `count` running entries of a task, for the steps from 0 on.
    pub fn steps(&self, task: &TaskKey, count: u16) -> Vec<HistoryEntry> {
        (0..count)
            .map(|step| self.step(task, step, TaskStatus::Running))
            .collect()
    }
}

/// Changes one property of an entry.
pub trait Edit {
    /// Returns the entry with another time.
    #[must_use]
    fn recorded(self, at: Timestamp) -> Self;

    /// Returns the entry with another ID.
    #[must_use]
    fn under(self, id: EntryId) -> Self;

    /// Returns the entry with another step result.
    #[must_use]
    fn with(self, step_result: TaskStepResult) -> Self;

    /// Returns the entry with another result, of any size.
    #[must_use]
    fn giving(self, result: impl Serialize) -> Self;

    /// Returns the entry with status `failed` and an error code.
    #[must_use]
    fn failing(self, code: ErrorCode) -> Self;
}

impl Edit for HistoryEntry {
    fn recorded(mut self, at: Timestamp) -> Self {
        self.recorded_at = at;
        self
    }

    fn under(mut self, id: EntryId) -> Self {
        self.id = id;
        self
    }

    fn with(mut self, step_result: TaskStepResult) -> Self {
        self.step_result = step_result;
        self
    }

    fn giving(self, result: impl Serialize) -> Self {
        let given = TaskStepResult::builder("fetch", self.step_result.status())
            .result(result)
            .limit(ResultLimit::UNLIMITED)
            .build();
        self.with(given.unwrap())
    }

    fn failing(self, code: ErrorCode) -> Self {
        let failed = TaskStepResult::builder("fetch", TaskStatus::Failed).error(code, "refused");
        self.with(failed.build().unwrap())
    }
}

/// Panics unless a call failed with a conflict about the entry `id`, without any effect.
#[track_caller]
pub fn assert_conflict<T: Debug>(answer: Result<T>, operation: Operation, id: EntryId) {
    let error = answer.expect_err("the entry conflicts with another one");
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert_eq!(error.effect(), Effect::NotApplied, "{error:?}");
    assert_eq!(error.operation(), operation, "{error:?}");
    assert_eq!(cause, Some(&EntryConflict::new(id)), "{error:?}");
}

/// Similar users, in ascending order.
pub(crate) const SIMILAR_USERS: [&str; 10] = [
    "A",
    "a",
    "ab",
    "alice",
    "alice ",
    "alice-2",
    "b",
    "z",
    "Ω",
    "\u{10ffff}",
];
