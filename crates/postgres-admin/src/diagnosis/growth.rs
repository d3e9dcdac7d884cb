//! How fast the histories grow, estimated from the times of the tasks.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use serde::Serialize;
use tasktrail_postgres_client::unsigned;

use super::DiagnosisError;
use super::finding::{Finding, FindingCode, Severity};
use super::probe::Probe;
use super::tables::TableFacts;

/// How fast the histories grow, judged by the entries that still exist.
///
/// An estimate: no index leads from a time to its entries. So the query reads all tasks, and
/// assumes that the entries of a task are spread evenly over the time of the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Growth {
    /// Number of existing entries.
    pub entries: u64,
    /// The time that the rate is based on, in seconds: 7 days, or the time since the first entry.
    /// `None` if that is less than an hour, which is too short for a daily rate.
    pub window_seconds: Option<u64>,
    /// New entries per day.
    pub entries_per_day: Option<u64>,
    /// Disk space per entry, with its indexes and its share of the summaries, in bytes.
    pub bytes_per_entry: u64,
    /// Disk space of the entries of a day, in bytes.
    pub bytes_per_day: Option<u64>,
    /// Days until the disk is full at this rate; `None` unless the rate and the free space are
    /// known.
    pub days_until_full: Option<u64>,
}

#[derive(QueryableByName, Debug, Clone, Default)]
struct Sample {
    #[diesel(sql_type = BigInt)]
    entries: i64,
    #[diesel(sql_type = BigInt)]
    last_week: i64,
    #[diesel(sql_type = BigInt)]
    oldest_seconds: i64,
}

const DAY: u64 = 24 * 60 * 60;
const WEEK: u64 = 7 * DAY;
const HOUR: u64 = 60 * 60;

pub(super) async fn look(
    probe: &mut Probe,
    tables: &[TableFacts],
    disk_free: Option<u64>,
) -> Result<Option<Growth>, DiagnosisError> {
    if tables.is_empty() {
        return Ok(None);
    }
    let query = diesel::sql_query(include_str!("sql/growth.sql"));
    let rows: Option<Vec<Sample>> = probe.query("the growth", query).await?;
    let sample = rows.and_then(|rows| rows.into_iter().next());
    let bytes = |table: &TableFacts| table.table_bytes.saturating_add(table.index_bytes);
    let bytes = tables.iter().map(bytes).sum();
    let growth = sample.and_then(|sample| grown(&sample, bytes, disk_free));
    probe.found(growth.as_ref().and_then(judge));
    Ok(growth)
}

fn grown(sample: &Sample, bytes: u64, disk_free: Option<u64>) -> Option<Growth> {
    let entries = unsigned(sample.entries);
    if entries == 0 {
        return None;
    }
    let window = unsigned(sample.oldest_seconds).min(WEEK);
    let window = (window >= HOUR).then_some(window);
    let per_day = window.map(|window| unsigned(sample.last_week).saturating_mul(DAY) / window);
    let bytes_per_entry = bytes / entries;
    let bytes_per_day = per_day.map(|entries| entries.saturating_mul(bytes_per_entry));
    Some(Growth {
        entries,
        window_seconds: window,
        entries_per_day: per_day,
        bytes_per_entry,
        bytes_per_day,
        days_until_full: disk_free
            .zip(bytes_per_day)
            .and_then(|(free, daily)| free.checked_div(daily)),
    })
}

/// Days from which a full disk is a warning, and from which it is critical.
const FEW_DAYS: u64 = 30;
const VERY_FEW_DAYS: u64 = 7;

fn judge(growth: &Growth) -> Option<Finding> {
    let days = growth.days_until_full?;
    let severity = match days {
        0..VERY_FEW_DAYS => Severity::Critical,
        VERY_FEW_DAYS..FEW_DAYS => Severity::Warning,
        _ => return None,
    };
    let window = Duration::from_secs(growth.window_seconds?);
    Some(FindingCode::DiskFull.finding(
        severity,
        format!("at this rate the disk will be full in {days} days"),
        format!(
            "{} entries and {} bytes per day, over the last {} days",
            growth.entries_per_day?,
            growth.bytes_per_day?,
            window.as_secs().div_ceil(DAY)
        ),
        "remove old tasks with tasktrail cleanup, or get a larger disk",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(last_week: i64, oldest_seconds: i64) -> Sample {
        Sample {
            entries: 10_000,
            last_week,
            oldest_seconds,
        }
    }

    #[test]
    fn rate_is_based_on_a_week_or_on_the_time_since_the_first_entry() {
        let per_day = |last_week, oldest| {
            let growth = grown(&sample(last_week, oldest), 0, None).unwrap();
            growth.entries_per_day
        };

        assert_eq!(per_day(700, 1_000_000_000), Some(100));
        assert_eq!(per_day(700, 2 * 86_400), Some(350));
        assert_eq!(per_day(700, 3_599), None);
        assert_eq!(grown(&Sample::default(), 0, None), None);
    }

    #[test]
    fn disk_is_full_when_its_free_bytes_are_used() {
        let days = |free| {
            let growth = grown(&sample(70_000, 1_000_000), 10_000_000, free).unwrap();
            let severity = judge(&growth).map(|found| found.severity);
            (growth.days_until_full, severity)
        };

        assert_eq!(days(None), (None, None));
        assert_eq!(days(Some(300_000_000)), (Some(30), None));
        assert_eq!(days(Some(299_999_999)), (Some(29), Some(Severity::Warning)));
        assert_eq!(days(Some(69_999_999)), (Some(6), Some(Severity::Critical)));
    }
}
