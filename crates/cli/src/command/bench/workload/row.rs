//! A row of the results.

use serde::Serialize;
use tasktrail::StorageStatistics;
use tasktrail::task_history::TaskStatus;

use super::Workload;
use crate::command::bench::measured::Measured;

/// The result of one measurement. The field names are the JSON keys.
#[derive(Debug, Clone, Serialize)]
pub(in crate::command::bench) struct Row {
    pub(in crate::command::bench) workload: Workload,
    pub(in crate::command::bench) callers: u32,
    /// Whether group commit is on; only for save.
    pub(in crate::command::bench) group_commit: Option<bool>,
    /// Number of tasks of the user; only for list.
    pub(in crate::command::bench) tasks: Option<u32>,
    /// Status filter; only for list.
    pub(in crate::command::bench) filter: Option<TaskStatus>,
    /// Number of saved or removed entries, imported lines, reads, created tasks, claims or heartbeats.
    pub(in crate::command::bench) count: u64,
    pub(in crate::command::bench) per_second: f64,
    pub(in crate::command::bench) p50_ms: f64,
    pub(in crate::command::bench) p90_ms: f64,
    pub(in crate::command::bench) p95_ms: f64,
    pub(in crate::command::bench) p99_ms: f64,
    pub(in crate::command::bench) max_ms: f64,
    /// Per entry; `None` for reads.
    pub(in crate::command::bench) wal_bytes: Option<f64>,
    /// Per entry; `None` for reads and orchestration.
    pub(in crate::command::bench) dead_rows: Option<f64>,
    pub(in crate::command::bench) resident_bytes: Option<u64>,
}

/// The write volume of a measurement.
#[derive(Debug, Clone, Copy)]
pub(in crate::command::bench) struct Written {
    /// WAL of the measured entries.
    pub(in crate::command::bench) log_bytes: u64,
    pub(in crate::command::bench) rows_died: u64,
    /// Number of entries that caused the dead rows. Includes the warm-up.
    pub(in crate::command::bench) by: u64,
}

impl Written {
    /// Number of rows that died between two statistics, in both tables.
    pub(in crate::command::bench) fn rows_died(
        before: &StorageStatistics,
        after: &StorageStatistics,
    ) -> u64 {
        let died = |read: &StorageStatistics| read.entries.rows_died + read.tasks.rows_died;
        died(after).saturating_sub(died(before))
    }
}

impl Row {
    pub(in crate::command::bench) fn of_reading(
        workload: Workload,
        callers: u32,
        measured: &Measured,
    ) -> Self {
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

    /// The row of a workload whose rows of the task history, if any, are not its subject.
    pub(in crate::command::bench) fn of_changing(
        workload: Workload,
        callers: u32,
        measured: &Measured,
        log_bytes: u64,
    ) -> Self {
        Self {
            wal_bytes: Some(rounded(measured.each(log_bytes))),
            ..Self::of_reading(workload, callers, measured)
        }
    }

    pub(in crate::command::bench) fn of_writing(
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
