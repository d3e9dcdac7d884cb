//! Values as people write them.

use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A number of seconds, fractions allowed, or a text with units such as `500ms` or `1h 30m`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
}

/// A duration, or -1 for as long as is allowed: `SQLAlchemy`'s way to say "never".
pub(super) fn lifetime(text: &str) -> Option<Duration> {
    if text.trim() == "-1" {
        return Some(WEEK);
    }
    duration(text)
}

pub(super) fn count(text: &str) -> Option<u32> {
    text.trim().parse().ok()
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

/// Host names, addresses or socket directories, separated by commas, and nothing else: a URL or a port
/// in this place would otherwise become part of a name, and be shown as one.
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

    #[test]
    fn durations_are_seconds_or_have_a_unit() {
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
    fn a_lifetime_of_minus_one_is_the_longest_allowed() {
        assert_eq!(lifetime("-1"), Some(WEEK));
        assert_eq!(lifetime("1800"), duration("30m"));
    }

    #[test]
    fn a_host_is_neither_a_url_nor_has_a_port() {
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
