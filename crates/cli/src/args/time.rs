use chrono::{Days, NaiveDate, NaiveTime};
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::timestamp::Timestamp;

const TIME_FORMS: &str =
    "2026-01-31T12:00:00Z, 2026-01-31, today, yesterday, or how long ago: 24h, 7d";

/// Parses a point in time: RFC 3339, a date, `today` or `yesterday` (midnight in UTC), or a duration
/// that has passed since.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    time_before(text, SystemClock.now())
        .ok_or_else(|| format!("must be a time ({TIME_FORMS}), got {text:?}"))
}

fn time_before(text: &str, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_datetime().date_naive();
    let day = match text {
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        // chrono also accepts 2026-1-31.
        _ => text
            .parse()
            .ok()
            .filter(|day: &NaiveDate| day.to_string() == text),
    };
    if let Some(day) = day {
        return Timestamp::from_datetime(day.and_time(NaiveTime::MIN).and_utc()).ok();
    }
    // humantime also accepts a zero without a unit.
    if text != "0"
        && let Ok(ago) = humantime::parse_duration(text)
    {
        return Some(now.saturating_sub(ago));
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_an_instant_a_day_or_a_duration_ago() {
        let now: Timestamp = "2026-03-01T10:30:00Z".parse().unwrap();
        for (text, instant) in [
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("today", "2026-03-01T00:00:00Z"),
            ("yesterday", "2026-02-28T00:00:00Z"),
            ("24h", "2026-02-28T10:30:00Z"),
            ("1h 30m", "2026-03-01T09:00:00Z"),
            ("7d", "2026-02-22T10:30:00Z"),
        ] {
            assert_eq!(time_before(text, now), instant.parse().ok(), "{text}");
        }
        for text in [
            "",
            "24",
            "h",
            "2026-02-30",
            "tomorrow",
            "2026-01-31T12:00:00",
        ] {
            assert_eq!(time_before(text, now), None, "{text}");
        }
    }

    #[test]
    fn refusal_lists_the_forms() {
        assert_eq!(
            time("soon"),
            Err(
                "must be a time (2026-01-31T12:00:00Z, 2026-01-31, today, yesterday, or how long \
                 ago: 24h, 7d), got \"soon\""
                    .into()
            )
        );
    }
}
