//! Parses the values of settings.

use std::time::Duration;

use crate::maintenance_policy::Schedule;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Parses a number of seconds, which may have a fraction, or a text with units: `500ms`, `1h 30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

/// Parses a duration, or -1 for the maximum. In `SQLAlchemy` -1 is no limit.
pub(super) fn lifetime(text: &str) -> Option<Duration> {
    if text.trim() == "-1" {
        return Some(WEEK);
    }
    duration(text)
}

pub(super) fn count(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// Parses a time of day in UTC, or else an interval.
pub(super) fn schedule(text: &str) -> Option<Schedule> {
    let daily = text.trim().parse().map(Schedule::Daily);
    daily.ok().or_else(|| duration(text).map(Schedule::Every))
}

pub(super) fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port != 0)
}

pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether a text is a comma-separated list of host names, addresses or socket directories. A URL
/// or a port would otherwise become part of a host name, and be printed in messages.
pub(super) fn is_host(text: &str) -> bool {
    text.split(',').all(|host| {
        let is_address = host.matches(':').count() != 1;
        let is_clean = !host.contains(|c: char| c.is_whitespace() || c == '\0' || c == '@');
        let is_directory = host.starts_with('/');
        !host.is_empty() && is_address && is_clean && (is_directory || !host.contains('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maintenance_policy::DailyAt;

    #[test]
    fn duration_is_a_number_of_seconds_or_has_units() {
        let cases = [
            ("30", 30_000),
            ("0.5", 500),
            ("0.1", 100),
            ("500ms", 500),
            ("10m", 600_000),
            ("1h 30m", 5_400_000),
            (" 2 s ", 2_000),
        ];
        for (text, milliseconds) in cases {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(duration(text), Some(expected), "{text}");
        }
        for text in ["", "-1", "soon", "inf", "NaN", "1e300", "5 parsecs"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn lifetime_of_minus_one_is_the_maximum() {
        assert_eq!(lifetime("-1"), Some(WEEK));
        assert_eq!(lifetime("1800"), duration("30m"));
    }

    #[test]
    fn schedule_is_a_time_of_day_or_an_interval() {
        let half_past_three = DailyAt::utc(3, 30).unwrap();
        assert_eq!(schedule("03:30"), Some(Schedule::Daily(half_past_three)));
        let six_hours = Duration::from_secs(6 * 60 * 60);
        assert_eq!(schedule("6h"), Some(Schedule::Every(six_hours)));
        assert_eq!(schedule("24:00"), None);
    }

    #[test]
    fn host_with_url_or_port_is_refused() {
        for host in [
            "db",
            "a.example.org,b",
            "::1",
            "10.0.0.1",
            "/run/postgresql",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in ["db:5432", "postgres://db", "a,,b", "me@db", "d b", ""] {
            assert!(!is_host(host), "{host}");
        }
    }
}
