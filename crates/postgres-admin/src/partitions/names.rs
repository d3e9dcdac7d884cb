//! Names of partitions.

use chrono::{Datelike, Timelike};
use tasktrail_domain::timestamp::Timestamp;

use super::month_bounds::{Bounds, months_later};

/// `task_history_2026_11` for a month, `task_history_before_2026_11` and
/// `task_history_from_2026_11` for the ranges before and after the months.
pub(super) fn name(bounds: &Bounds) -> String {
    let range = match (bounds.from, bounds.until) {
        (None, None) => "all".to_owned(),
        (None, Some(until)) => format!("before_{}", label(until)),
        (Some(from), None) => format!("from_{}", label(from)),
        (Some(from), Some(until)) if until == months_later(from, 1) => label(from),
        (Some(from), Some(until)) => format!("{}_until_{}", label(from), label(until)),
    };
    format!("task_history_{range}")
}

/// Quotes a name for use in SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn label(instant: Timestamp) -> String {
    let instant = instant.to_datetime();
    let begins_a_month = instant.day() == 1 && instant.num_seconds_from_midnight() == 0;
    let format = if begins_a_month {
        "%Y_%m"
    } else {
        "%Y_%m_%d_%H%M%S"
    };
    instant.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partition_is_named_after_its_range() {
        let instant = |text: &str| -> Option<Timestamp> { Some(text.parse().unwrap()) };
        let (begin, end) = (
            instant("2026-12-01T00:00:00Z"),
            instant("2027-01-01T00:00:00Z"),
        );
        let odd = instant("2026-12-24T18:00:00Z");
        let name = |from, until| name(&Bounds { from, until });

        assert_eq!(name(begin, end), "task_history_2026_12");
        assert_eq!(name(None, begin), "task_history_before_2026_12");
        assert_eq!(name(end, None), "task_history_from_2027_01");
        assert_eq!(
            name(begin, odd),
            "task_history_2026_12_until_2026_12_24_180000"
        );
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
