use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::{Builder, ContextV7, Uuid};

use crate::InvalidValue;
use crate::text::short_text;
use crate::timestamp::Timestamp;

short_text! {
    /// Who a task belongs to.
    UserId, "user_id"
}

short_text! {
    /// A task, among the tasks of its user.
    TaskId, "task_id"
}

impl TaskId {
    /// The smallest id there can be: where a range of ids begins.
    pub const FIRST: Self = Self(Cow::Borrowed("\u{1}"));
}

/// A task: its user and its id. Another user's task does not exist for you.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey {
    /// Who the task belongs to.
    pub user: UserId,
    /// The task among those of its user.
    pub task: TaskId,
}

impl TaskKey {
    /// The key of a user's task.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if one of the ids is not 1 to 255 bytes long or holds a NUL.
    pub fn new<U, T>(user: U, task: T) -> Result<Self, InvalidValue>
    where
        U: TryInto<UserId>,
        T: TryInto<TaskId>,
        InvalidValue: From<U::Error> + From<T::Error>,
    {
        Ok(Self {
            user: user.try_into()?,
            task: task.try_into()?,
        })
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.task)
    }
}

/// The identity of one logical save: a UUIDv7, made by the caller's side.
///
/// Saving under the same id again is a repetition of the same save, so an id is made once, before
/// the first attempt. An id is known within its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Uuid")]
pub struct EntryId(Uuid);

impl EntryId {
    /// The id of a save whose identity follows from its content, such as a line of a file.
    ///
    /// The same instant (in milliseconds; before 1970 counts as 1970) and the same fingerprint
    /// give the same id. 74 of the fingerprint's 80 bits are used.
    #[must_use]
    pub fn derived(at: Timestamp, fingerprint: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &fingerprint).into_uuid())
    }

    /// The UUID.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl TryFrom<Uuid> for EntryId {
    type Error = InvalidValue;

    fn try_from(uuid: Uuid) -> Result<Self, Self::Error> {
        if uuid.get_version_num() == 7 {
            Ok(Self(uuid))
        } else {
            Err(InvalidValue::new("entry id", "a UUID of version 7", uuid))
        }
    }
}

impl FromStr for EntryId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |_| InvalidValue::text("entry id", "a UUID of version 7", text);
        Uuid::parse_str(text).map_err(refused)?.try_into()
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes entry ids. An argument wherever ids are needed, so that tests decide which come.
pub trait EntryIdGenerator: fmt::Debug + Send + Sync {
    /// A new id for a save that is made at `now`.
    fn next(&self, now: Timestamp) -> EntryId;
}

/// Ids from the time and the machine's randomness; in order within one value of this type.
#[derive(Debug)]
pub struct RandomEntryIdGenerator(std::sync::Mutex<ContextV7>);

impl Default for RandomEntryIdGenerator {
    fn default() -> Self {
        Self(std::sync::Mutex::new(ContextV7::new()))
    }
}

impl EntryIdGenerator for RandomEntryIdGenerator {
    fn next(&self, now: Timestamp) -> EntryId {
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1000).unwrap_or(0);
        let instant = uuid::Timestamp::from_unix(&self.0, micros / 1_000_000, nanos);
        EntryId(Uuid::new_v7(instant))
    }
}

/// Ids that count up from one, the same in every run, for tests.
#[derive(Debug, Default)]
pub struct SequentialEntryIds(AtomicU64);

impl EntryIdGenerator for SequentialEntryIds {
    fn next(&self, now: Timestamp) -> EntryId {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fingerprint = [0; 10];
        fingerprint[2..].copy_from_slice(&count.to_be_bytes());
        EntryId::derived(now, fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_0_or_256_bytes_or_with_a_nul_is_refused() {
        let limit = |text: String| UserId::new(text).unwrap_err().to_string();

        assert_eq!(
            limit(String::new()),
            "user_id must be 1 to 255 bytes long, got \"\""
        );
        assert_eq!(
            limit("é".repeat(128)),
            format!(
                "user_id must be 1 to 255 bytes long, got {:?}… of 256 bytes",
                "é".repeat(40)
            )
        );
        assert_eq!(
            limit("a\0b".into()),
            "user_id must be free of NUL characters, got \"a\\0b\""
        );
        assert!(UserId::new("a".repeat(255)).is_ok());
    }

    #[test]
    fn a_task_key_is_made_of_texts() {
        let key = TaskKey::new("alice", "report").unwrap();

        assert_eq!(key.to_string(), "alice/report");
        assert_eq!(TaskKey::new("alice", "").unwrap_err().field(), "task_id");
    }

    #[test]
    fn only_version_7_is_an_entry_id() {
        assert!(
            "0199c2f0-0000-7000-8000-000000000001"
                .parse::<EntryId>()
                .is_ok()
        );
        assert!(
            "0199c2f0-0000-4000-8000-000000000001"
                .parse::<EntryId>()
                .is_err()
        );
    }

    #[test]
    fn derived_ids_follow_from_time_and_fingerprint() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();

        assert_eq!(EntryId::derived(at, [7; 10]), EntryId::derived(at, [7; 10]));
        assert_ne!(EntryId::derived(at, [7; 10]), EntryId::derived(at, [8; 10]));
        assert_eq!(EntryId::derived(at, [7; 10]).as_uuid().get_version_num(), 7);
    }

    #[test]
    fn random_ids_are_new_and_in_order() {
        let ids = RandomEntryIdGenerator::default();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let made: Vec<_> = (0..1000).map(|_| ids.next(now)).collect();

        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn sequential_ids_are_all_different() {
        let ids = SequentialEntryIds::default();
        let made: std::collections::BTreeSet<_> =
            (0..1000).map(|_| ids.next(Timestamp::default())).collect();

        assert_eq!(made.len(), 1000);
    }
}
