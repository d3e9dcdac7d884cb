use std::fmt;
use std::str::FromStr;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{EntryId, StepNumber, TaskStepResult};
use crate::clock::Clock;
use crate::id::IdGenerator;
use crate::text::{canonical, string_form};
use crate::timestamp::Timestamp;
use crate::{InvalidValue, TaskId, TaskKey, UserId};

/// An entry of a task history: a step result that is saved once.
///
/// As JSON: `{"id", "user_id", "task_id", "step", "recorded_at", "step_result"}`, as
/// `tasktrail history --format json` prints it. A line of an export has `entry_id` instead of `id`.
/// Like [`JsonText`](crate::JsonText), it deserializes with `serde_json` only.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "EntryDocument")]
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

    /// Creates the entry of a save that is recorded now, with a new id.
    ///
    /// Create it once, before the first attempt to save it, and reuse it for retries.
    ///
    /// ```
    /// use tasktrail_domain::TaskKey;
    /// use tasktrail_domain::clock::SystemClock;
    /// use tasktrail_domain::id::RandomIdGenerator;
    /// use tasktrail_domain::task_history::{HistoryEntry, TaskStatus, TaskStepResult};
    ///
    /// let ids = RandomIdGenerator::default();
    /// let task = TaskKey::new("alice", "report-7")?;
    /// let fetched = TaskStepResult::builder("fetch", TaskStatus::Running).build()?;
    ///
    /// let entry = HistoryEntry::record(&SystemClock, &ids, task, 1.into(), fetched);
    /// # Ok::<(), tasktrail_domain::InvalidValue>(())
    /// ```
    #[must_use]
    pub fn record(
        clock: &dyn Clock,
        ids: &dyn IdGenerator,
        task: TaskKey,
        step: StepNumber,
        step_result: TaskStepResult,
    ) -> Self {
        let now = clock.now();
        Self::new(ids.next(now).into(), task, step, step_result, now)
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

/// The JSON form of an entry. It is flat without `#[serde(flatten)]`, which would change the text of
/// numbers in results.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryDocument {
    id: EntryId,
    user_id: UserId,
    task_id: TaskId,
    step: StepNumber,
    recorded_at: Timestamp,
    step_result: TaskStepResult,
}

impl From<EntryDocument> for HistoryEntry {
    fn from(document: EntryDocument) -> Self {
        Self {
            id: document.id,
            task: TaskKey {
                user: document.user_id,
                task: document.task_id,
            },
            step: document.step,
            step_result: document.step_result,
            recorded_at: document.recorded_at,
        }
    }
}

impl Serialize for HistoryEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut document = serializer.serialize_struct("HistoryEntry", 6)?;
        document.serialize_field("id", &self.id)?;
        document.serialize_field("user_id", &self.task.user)?;
        document.serialize_field("task_id", &self.task.task)?;
        document.serialize_field("step", &self.step)?;
        document.serialize_field("recorded_at", &self.recorded_at)?;
        document.serialize_field("step_result", &self.step_result)?;
        document.end()
    }
}

/// A position in the trail of a task, which has the order in which the store accepted the entries.
///
/// Opaque: use it only to read the next page, in the same store. Only the exact text that `Display`
/// writes is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

string_form!(TrailCursor);

impl FromStr for TrailCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        canonical(text)
            .map(Self)
            .ok_or_else(|| InvalidValue::text("cursor", "a cursor that a trail returned", text))
    }
}
