//! Months, and the smallest entry ids of a time.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};
use tasktrail_domain::timestamp::Timestamp;
use uuid::Uuid;

/// The range of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Start, inclusive; `None` if it has none.
    pub(super) from: Option<Timestamp>,
    /// End, exclusive; `None` if it has none.
    pub(super) until: Option<Timestamp>,
}

impl Bounds {
    /// Parses `FOR VALUES FROM ('…') TO ('…')`, where a bound may be `MINVALUE` or `MAXVALUE`.
    pub(super) fn read(expression: &str) -> Option<Self> {
        let rest = expression.strip_prefix("FOR VALUES FROM (")?;
        let (from, rest) = rest.split_once(") TO (")?;
        let until = rest.strip_suffix(')')?;
        let instant = |bound: &str| -> Option<Timestamp> {
            let id = bound.strip_prefix('\'')?.strip_suffix('\'')?;
            timestamp_of(Uuid::parse_str(id).ok()?)
        };
        let from = if from == "MINVALUE" {
            None
        } else {
            Some(instant(from)?)
        };
        let until = if until == "MAXVALUE" {
            None
        } else {
            Some(instant(until)?)
        };
        Some(Self { from, until })
    }

    /// The condition for an entry in this range.
    pub(super) fn check(&self) -> String {
        let from = self
            .from
            .map(|from| format!("entry_id >= '{}'", first_id(from)));
        let until = self
            .until
            .map(|until| format!("entry_id < '{}'", first_id(until)));
        let conditions: Vec<_> = [from, until].into_iter().flatten().collect();
        if conditions.is_empty() {
            "true".to_owned()
        } else {
            conditions.join(" AND ")
        }
    }

    /// The clause for creating or attaching a partition.
    pub(super) fn sql(&self) -> String {
        let bound = |instant: Option<Timestamp>, open: &str| match instant {
            Some(instant) => format!("'{}'", first_id(instant)),
            None => open.to_owned(),
        };
        let from = bound(self.from, "MINVALUE");
        let until = bound(self.until, "MAXVALUE");
        format!("FOR VALUES FROM ({from}) TO ({until})")
    }
}

/// The smallest id of an entry of this millisecond (RFC 9562, 5.7: the first 48 bits are
/// milliseconds since 1970). Returns the nil id for times before 1970.
pub(super) fn first_id(instant: Timestamp) -> Uuid {
    let millis = u128::try_from(instant.to_datetime().timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}

/// The time in an id.
pub(super) fn timestamp_of(id: Uuid) -> Option<Timestamp> {
    let millis = i64::try_from(id.as_u128() >> 80).ok()?;
    let instant = DateTime::from_timestamp_millis(millis)?;
    Timestamp::from_datetime(instant).ok()
}

/// The start of the month of an instant, in UTC.
pub(super) fn month_of(instant: Timestamp) -> Timestamp {
    let day = instant.to_datetime().date_naive();
    at_midnight(day.with_day(1).unwrap_or(day))
}

/// The start of the month that is `months` after that of an instant.
pub(super) fn months_later(instant: Timestamp, months: u32) -> Timestamp {
    let day = month_of(instant).to_datetime().date_naive();
    at_midnight(day.checked_add_months(Months::new(months)).unwrap_or(day))
}

/// The ranges of the months between the starts of two months.
pub(super) fn months_between(from: Timestamp, until: Timestamp) -> Vec<Bounds> {
    let mut months = Vec::new();
    let mut begin = from;
    while begin < until {
        let end = months_later(begin, 1).min(until);
        months.push(Bounds {
            from: Some(begin),
            until: Some(end),
        });
        if end <= begin {
            break;
        }
        begin = end;
    }
    months
}

fn at_midnight(day: NaiveDate) -> Timestamp {
    let instant: DateTime<Utc> = day.and_time(NaiveTime::MIN).and_utc();
    Timestamp::from_datetime(instant).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn bounds_round_trip_through_sql() {
        let (a, b) = (
            instant("2026-11-01T00:00:00Z"),
            instant("2026-12-01T00:00:00Z"),
        );
        for (from, until) in [
            (Some(a), Some(b)),
            (None, Some(a)),
            (Some(b), None),
            (None, None),
        ] {
            let bounds = Bounds { from, until };
            assert_eq!(Bounds::read(&bounds.sql()), Some(bounds));
            let conditions = usize::from(from.is_some()) + usize::from(until.is_some());
            assert_eq!(bounds.check().matches("entry_id").count(), conditions);
        }
        for other in [
            "",
            "DEFAULT",
            "FOR VALUES IN ('x')",
            "FOR VALUES FROM ('x') TO ('y')",
        ] {
            assert_eq!(Bounds::read(other), None, "{other}");
        }
    }

    #[test]
    fn first_id_of_an_instant_is_below_every_id_of_it() {
        let now = instant("2026-11-21T18:30:00.123Z");
        let stamp = uuid::Timestamp::from_unix(uuid::NoContext, 1_795_285_800, 123_000_000);
        let id = Uuid::new_v7(stamp);

        assert_eq!(timestamp_of(id), Some(now));
        assert!(first_id(now) < id);
        assert!(id < first_id(instant("2026-11-21T18:30:00.124Z")));
        assert_eq!(first_id(instant("1969-12-31T00:00:00Z")), Uuid::nil());
    }

    #[test]
    fn months_continue_across_years() {
        let november = month_of(instant("2026-11-21T18:30:00Z"));
        let months = months_between(november, months_later(november, 3));

        let begins: Vec<_> = months
            .iter()
            .map(|month| month.from.unwrap().to_string())
            .collect();
        assert_eq!(months.first().unwrap().from, Some(november));
        assert_eq!(begins.len(), 3);
        assert!(begins[2].starts_with("2027-01-01T00:00:00"), "{begins:?}");
        assert!(months.windows(2).all(|pair| pair[0].until == pair[1].from));
        assert_eq!(months_between(november, november), []);
    }
}
