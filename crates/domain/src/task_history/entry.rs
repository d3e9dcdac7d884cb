use std::fmt;
use std::str::FromStr;

use super::{EntryId, StepNumber, TaskKey, TaskStepResult};
use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// One saved step result.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// The identity of the save; see [`EntryId`].
    pub id: EntryId,
    /// The task that went through the step.
    pub task: TaskKey,
    /// The step's position in its task.
    pub step: StepNumber,
    /// What came of the step.
    pub step_result: TaskStepResult,
    /// When it was recorded, by the caller's clock. Of a repeated save the first time stays.
    pub recorded_at: Timestamp,
}

impl HistoryEntry {
    /// Whether `other`, saved under the same id, is a repetition of this save.
    ///
    /// Task, step and step result count. The time does not: a save that is repeated later is still
    /// the same save.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        self.id == other.id
            && self.task == other.task
            && self.step == other.step
            && self.step_result == other.step_result
    }
}

/// A place in a task's trail: the order in which the store accepted entries.
///
/// Opaque: only good for reading on behind it, in the store that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailCursor(i64);

impl TrailCursor {
    /// A position, by the number that the store knows it by.
    #[must_use]
    pub const fn new(accepted: i64) -> Self {
        Self(accepted)
    }

    /// The number that the store knows it by.
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
        let refused = |_| InvalidValue::text("cursor", "one that a trail gave", text);
        text.parse().map(Self).map_err(refused)
    }
}
