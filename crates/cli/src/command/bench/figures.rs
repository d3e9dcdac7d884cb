//! A row of the results.

use serde::Serialize;
use tasktrail::StorageStatistics;
use tasktrail::task_history::TaskStatus;

use super::measured::Measured;
use super::workload::Workload;

/// The result of one measurement. The field names are the JSON keys.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    #[serde(rename = "work")]
    pub(super) workload: Workload,
    pub(super) callers: u32,
    /// Whether group commit is on; only for save.
    pub(super) group_commit: Option<bool>,
    /// Number of tasks of the user; only for list.
    pub(super) tasks: Option<u32>,
    /// Status filter; only for list.
    pub(super) filter: Option<TaskStatus>,
    /// Number of saved or removed entries, imported lines, or reads.
    pub(super) count: u64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Per entry; `None` for reads.
    pub(super) wal_bytes: Option<f64>,
    /// Per entry; `None` for reads.
    pub(super) dead_rows: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
}

/// The write volume of a measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// WAL of the measured entries.
    pub(super) log_bytes: u64,
    pub(super) rows_died: u64,
    /// Number of entries that caused the dead rows. Includes the warm-up.
    pub(super) by: u64,
}

impl Written {
    /// Number of rows that died between two statistics, in both tables.
    pub(super) fn rows_died(before: &StorageStatistics, after: &StorageStatistics) -> u64 {
        let died = |read: &StorageStatistics| read.entries.rows_died + read.tasks.rows_died;
        died(after).saturating_sub(died(before))
    }
}

impl Row {
    pub(super) fn of_reading(workload: Workload, callers: u32, measured: &Measured) -> Self {
        let percentile = |percent| rounded(measured.latencies.percentile_ms(percent));
        Self {
            workload,
            callers,
            group_commit: None,
            tasks: None,
            filter: None,
            count: measured.count,
            per_second: rounded(measured.per_second()),
            p50_ms: percentile(50.0),
            p90_ms: percentile(90.0),
            p95_ms: percentile(95.0),
            p99_ms: percentile(99.0),
            max_ms: rounded(measured.latencies.max_ms()),
            wal_bytes: None,
            dead_rows: None,
            resident_bytes: measured.resident.0,
        }
    }

    pub(super) fn of_writing(
        workload: Workload,
        callers: u32,
        measured: &Measured,
        written: &Written,
    ) -> Self {
        let counted = Measured {
            count: written.by,
            ..Measured::default()
        };
        Self {
            wal_bytes: Some(rounded(measured.each(written.log_bytes))),
            dead_rows: Some(rounded(counted.each(written.rows_died))),
            ..Self::of_reading(workload, callers, measured)
        }
    }
}

/// Rounds to three decimal places.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}
