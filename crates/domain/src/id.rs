//! Ids that callers generate: UUIDs of version 7, and their generators.

use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::{Builder, ContextV7, Uuid};

use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// A UUID of version 7, which starts with its time in milliseconds.
///
/// Typed ids, such as [`EntryId`](crate::task_history::EntryId) and
/// [`WriteId`](crate::write::WriteId), are made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Uuid")]
pub struct UuidV7(Uuid);

impl UuidV7 {
    /// Derives an id from a time and a fingerprint of the content, for example of a line of a file.
    ///
    /// The same instant (in milliseconds; instants before 1970 count as 1970) and the same
    /// fingerprint give the same id. 74 of the 80 bits of the fingerprint are used.
    #[must_use]
    pub fn derived(at: Timestamp, fingerprint: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &fingerprint).into_uuid())
    }

    /// Returns the UUID.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }

    pub(crate) fn of_field(field: &'static str, uuid: Uuid) -> Result<Self, InvalidValue> {
        if uuid.get_version_num() == 7 {
            Ok(Self(uuid))
        } else {
            Err(InvalidValue::new(field, VERSION_7, uuid))
        }
    }

    pub(crate) fn parse_field(field: &'static str, text: &str) -> Result<Self, InvalidValue> {
        let refused = |_| InvalidValue::text(field, VERSION_7, text);
        Self::of_field(field, Uuid::parse_str(text).map_err(refused)?)
    }
}

const VERSION_7: &str = "a UUID of version 7";

impl TryFrom<Uuid> for UuidV7 {
    type Error = InvalidValue;

    fn try_from(uuid: Uuid) -> Result<Self, Self::Error> {
        Self::of_field("id", uuid)
    }
}

impl FromStr for UuidV7 {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_field("id", text)
    }
}

impl fmt::Display for UuidV7 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Declares a newtype over a [`UuidV7`].
macro_rules! uuid_v7_id {
    ($(#[$attribute:meta])* $name:ident, $field:literal) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "uuid::Uuid")]
        pub struct $name($crate::id::UuidV7);

        impl $name {
            /// Returns the UUID.
            #[must_use]
            pub const fn as_uuid(self) -> uuid::Uuid {
                self.0.as_uuid()
            }
        }

        impl From<$crate::id::UuidV7> for $name {
            fn from(id: $crate::id::UuidV7) -> Self {
                Self(id)
            }
        }

        impl TryFrom<uuid::Uuid> for $name {
            type Error = $crate::InvalidValue;

            fn try_from(uuid: uuid::Uuid) -> Result<Self, Self::Error> {
                $crate::id::UuidV7::of_field($field, uuid).map(Self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::UuidV7::parse_field($field, text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(crate) use uuid_v7_id;

/// A generator of ids. It is passed as an argument, so that tests can control the ids.
pub trait IdGenerator: fmt::Debug + Send + Sync {
    /// Generates an id for an event at `now`.
    fn next(&self, now: Timestamp) -> UuidV7;
}

/// Generates ids from the time and random bits. The ids of one generator are ascending.
#[derive(Debug)]
pub struct RandomIdGenerator(Mutex<ContextV7>);

impl Default for RandomIdGenerator {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl IdGenerator for RandomIdGenerator {
    fn next(&self, now: Timestamp) -> UuidV7 {
        let micros = u64::try_from(now.as_micros()).unwrap_or(0);
        let nanos = u32::try_from(micros % 1_000_000 * 1000).unwrap_or(0);
        let instant = uuid::Timestamp::from_unix(&self.0, micros / 1_000_000, nanos);
        UuidV7(Uuid::new_v7(instant))
    }
}

/// Generates ids that count up from 1, for reproducible tests.
#[derive(Debug, Default)]
pub struct SequentialIdGenerator(AtomicU64);

impl IdGenerator for SequentialIdGenerator {
    fn next(&self, now: Timestamp) -> UuidV7 {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fingerprint = [0; 10];
        fingerprint[2..].copy_from_slice(&count.to_be_bytes());
        UuidV7::derived(now, fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_must_be_a_uuid_of_version_7() {
        assert!(
            "0199c2f0-0000-7000-8000-000000000001"
                .parse::<UuidV7>()
                .is_ok()
        );
        assert!(
            "0199c2f0-0000-4000-8000-000000000001"
                .parse::<UuidV7>()
                .is_err()
        );
    }

    #[test]
    fn derived_id_depends_on_time_and_fingerprint() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();

        assert_eq!(UuidV7::derived(at, [7; 10]), UuidV7::derived(at, [7; 10]));
        assert_ne!(UuidV7::derived(at, [7; 10]), UuidV7::derived(at, [8; 10]));
        assert_eq!(UuidV7::derived(at, [7; 10]).as_uuid().get_version_num(), 7);
    }

    #[test]
    fn random_ids_are_ascending() {
        let ids = RandomIdGenerator::default();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let made: Vec<_> = (0..1000).map(|_| ids.next(now)).collect();

        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn sequential_ids_are_distinct() {
        let ids = SequentialIdGenerator::default();
        let made: std::collections::BTreeSet<_> =
            (0..1000).map(|_| ids.next(Timestamp::default())).collect();

        assert_eq!(made.len(), 1000);
    }
}
