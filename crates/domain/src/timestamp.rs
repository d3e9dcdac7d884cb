//! Instants in whole microseconds: the resolution of PostgreSQL, so that no store rounds.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::text::string_form;

/// An instant in UTC with microsecond resolution, from the year 1 to the year 9999.
///
/// Instants of higher resolution are truncated to microseconds. `Display` and serde write RFC 3339
/// in UTC (`2026-01-31T12:00:00.000000Z`). Parsing accepts RFC 3339 with any offset. The default is
/// 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant of the year 1.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The last microsecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Creates the instant `micros` microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] outside of the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, InvalidValue> {
        let instant = Self(micros);
        if (Self::MIN..=Self::MAX).contains(&instant) {
            return Ok(instant);
        }
        let given = format!("{micros} µs after 1970");
        Err(InvalidValue::new(
            "timestamp",
            "within the years 1 to 9999",
            given,
        ))
    }

    /// Converts from chrono, and truncates to microseconds.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] outside of the years 1 to 9999.
    pub fn from_datetime(instant: DateTime<Utc>) -> Result<Self, InvalidValue> {
        Self::from_micros(instant.timestamp_micros())
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z; negative before that.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Converts to chrono, for formatting and calendar arithmetic.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Adds a duration. Returns at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration))).min(Self::MAX)
    }

    /// Subtracts a duration. Returns at least [`MIN`](Self::MIN).
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration))).max(Self::MIN)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            &self
                .to_datetime()
                .to_rfc3339_opts(SecondsFormat::Micros, true),
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |_| {
            let allowed = "an RFC 3339 time such as 2026-01-31T12:00:00Z";
            InvalidValue::text("timestamp", allowed, text)
        };
        Self::from_datetime(
            DateTime::parse_from_rfc3339(text)
                .map_err(refused)?
                .to_utc(),
        )
    }
}

string_form!(Timestamp);

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = InvalidValue;

    fn try_from(instant: DateTime<Utc>) -> Result<Self, Self::Error> {
        Self::from_datetime(instant)
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(instant: Timestamp) -> Self {
        instant.to_datetime()
    }
}

/// Truncates to microseconds.
impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidValue;

    fn try_from(instant: SystemTime) -> Result<Self, Self::Error> {
        let micros = match instant.duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -before
                .duration()
                .as_nanos()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(i64::MAX),
        };
        Self::from_micros(micros)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(instant: Timestamp) -> Self {
        let distance = Duration::from_micros(instant.0.unsigned_abs());
        let moved = if instant.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        // Only a platform whose system time cannot hold the year 1 or 9999 has no such instant.
        moved.unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_is_parsed_and_utc_is_printed() {
        let instant: Timestamp = "2011-10-01T00:38:44.546+02:00".parse().unwrap();

        assert_eq!(instant.to_string(), "2011-09-30T22:38:44.546000Z");
    }

    #[test]
    fn fractions_of_microseconds_are_truncated_also_before_1970() {
        let after: Timestamp = "2026-01-01T00:00:00.1234569Z".parse().unwrap();
        let before: Timestamp = "1969-12-31T23:59:59.9999999Z".parse().unwrap();

        assert_eq!(after.to_string(), "2026-01-01T00:00:00.123456Z");
        assert_eq!(before.as_micros(), -1);
    }

    #[test]
    fn range_is_the_years_1_to_9999() {
        assert_eq!(Timestamp::MIN.to_string(), "0001-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert!(Timestamp::from_micros(Timestamp::MAX.as_micros() + 1).is_err());
        assert!(Timestamp::from_micros(Timestamp::MIN.as_micros() - 1).is_err());
    }

    #[test]
    fn conversions_to_and_from_other_instants_round_trip() {
        for instant in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            assert_eq!(SystemTime::from(instant).try_into(), Ok(instant));
            assert_eq!(DateTime::<Utc>::from(instant).try_into(), Ok(instant));
        }
        let before_1970 = UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Timestamp::try_from(before_1970).unwrap().as_micros(), -1);
    }

    #[test]
    fn arithmetic_saturates_at_the_bounds() {
        assert_eq!(Timestamp::MAX.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_sub(Duration::MAX), Timestamp::MIN);
    }

    #[test]
    fn parse_error_has_field_limit_and_value() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();

        assert_eq!(
            error.to_string(),
            "timestamp must be an RFC 3339 time such as 2026-01-31T12:00:00Z, got \"yesterday\""
        );
    }
}
