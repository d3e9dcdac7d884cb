use std::fmt;
use std::str::FromStr;

use super::{EntryId, StepNumber, TaskStepResult};
use crate::InvalidValue;
use crate::TaskKey;
use crate::text::canonical;
use crate::timestamp::Timestamp;

/// An entry of a task history: a step result that is saved once.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The id of the save, which makes it idempotent; see [`EntryId`].
    pub id: EntryId,
    /// The task.
    pub task: TaskKey,
    /// The position of the step in its task.
    pub step: StepNumber,
    /// The result of the step.
    pub step_result: TaskStepResult,
    /// The time of the save, by the caller's clock. If a save is repeated, the first time is kept.
    pub recorded_at: Timestamp,
}

impl HistoryEntry {
    /// Creates the entry of a save of `step_result`, recorded at `recorded_at`.
    #[must_use]
    pub const fn new(
        id: EntryId,
        task: TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
        recorded_at: Timestamp,
    ) -> Self {
        Self {
            id,
            task,
            step,
            step_result,
            recorded_at,
        }
    }

    /// Returns whether `other` is a repetition of this save: the same id, task, step and step
    /// result. The time may differ.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        self.id == other.id
            && self.task == other.task
            && self.step == other.step
            && self.step_result == other.step_result
    }
}

/// A position in the trail of a task, which has the order in which the store accepted the entries.
///
/// Opaque: use it only to read the next page, in the same store. Only the exact text that `Display`
/// writes is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailCursor(i64);

impl TrailCursor {
    /// Creates a position from the number that the store uses for it.
    #[must_use]
    pub const fn new(accepted: i64) -> Self {
        Self(accepted)
    }

    /// Returns the number that the store uses for the position.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for TrailCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TrailCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        canonical(text)
            .map(Self)
            .ok_or_else(|| InvalidValue::text("cursor", "a cursor that a trail returned", text))
    }
}
