//! The metrics that Tasktrail reports through the [`metrics`] facade to the recorder that your
//! service installs: names, histogram buckets and descriptions. `docs/METRICS.md` lists them all.
#![cfg_attr(feature = "prometheus", doc = "")]
#![cfg_attr(feature = "prometheus", doc = include_str!("../../../docs/METRICS.md"))]

#[cfg(feature = "postgres")]
mod process;
#[cfg(feature = "postgres")]
mod store;

use metrics::{Unit, counter, describe_counter};

use crate::DatabaseError;
use crate::maintenance::MaintenanceRun;

#[cfg(feature = "postgres")]
pub use self::process::{
    BATCH_CALLS_IN_FLIGHT, BATCH_CALLS_TOTAL, BATCHES_TOTAL, CALLS_ASIDE,
    POOL_CONNECT_FAILURES_TOTAL, POOL_CONNECTIONS, POOL_CONNECTIONS_CLOSED_TOTAL,
    POOL_CONNECTIONS_IDLE, POOL_CONNECTIONS_MAX, POOL_CONNECTIONS_OPENED_TOTAL, POOL_IN_USE,
    POOL_LEAKS_TOTAL, POOL_LONGEST_HELD_SECONDS, POOL_WAIT_TIMEOUTS_TOTAL, POOL_WAITING,
    TASKS_ASIDE,
};
#[cfg(feature = "postgres")]
pub(crate) use self::process::{Published, publish};
#[cfg(feature = "postgres")]
pub use self::store::{
    DEAD_TUPLES, ENTRIES, HEALTH_STATE, INDEX_BYTES, STORE_MEASURED_TIMESTAMP_SECONDS,
    STORE_MEASUREMENT_SECONDS, TABLE_BYTES, TASKS,
};
#[cfg(feature = "postgres")]
pub(crate) use self::store::{StoreMetrics, publish_health, publish_store};
#[cfg(feature = "postgres")]
pub use tasktrail_postgres::telemetry::{BATCH_SIZE, POOL_WAIT_SECONDS};
#[cfg(feature = "postgres")]
pub use tasktrail_resilience::telemetry::{
    BREAKER_STATE, OPERATION_DURATION_SECONDS, OPERATIONS_IN_FLIGHT, OPERATIONS_TOTAL,
    RETRIES_TOTAL,
};

/// Tasks that cleanups removed, including those in dropped partitions.
pub const REMOVED_TASKS_TOTAL: &str = "tasktrail_removed_tasks_total";
/// Entries that cleanups removed, including those in dropped partitions.
pub const REMOVED_ENTRIES_TOTAL: &str = "tasktrail_removed_entries_total";
/// Ended tasks of orchestration that cleanups removed.
pub const REMOVED_ORCHESTRATED_TASKS_TOTAL: &str = "tasktrail_removed_orchestrated_tasks_total";

/// Partitions that cleanups dropped.
pub const PARTITIONS_DROPPED_TOTAL: &str = "tasktrail_partitions_dropped_total";
/// Finished runs of scheduled maintenance, by result.
pub const MAINTENANCE_RUNS_TOTAL: &str = "tasktrail_maintenance_runs_total";

/// Upper bounds of the histogram buckets for durations, in seconds: 0.1 ms to 60 s.
pub const DURATION_BUCKETS: [f64; 18] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0,
];

/// Upper bounds of the histogram buckets for batch sizes. A batch has at most 500 calls.
pub const CALLS_BUCKETS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 500.0];

/// Registers a description and a unit for each metric with the installed recorder, which exporters
/// show.
///
/// Optional. Call it once, after you have installed a recorder. `PrometheusExporter` and
/// `PrometheusEndpoint` call it themselves.
pub fn describe() {
    for (name, meaning) in [
        (REMOVED_TASKS_TOTAL, "Tasks that cleanups removed"),
        (REMOVED_ENTRIES_TOTAL, "Entries that cleanups removed"),
        (
            REMOVED_ORCHESTRATED_TASKS_TOTAL,
            "Ended tasks of orchestration that cleanups removed",
        ),
        (PARTITIONS_DROPPED_TOTAL, "Partitions that cleanups dropped"),
        (
            MAINTENANCE_RUNS_TOTAL,
            "Finished runs of scheduled maintenance, by result",
        ),
    ] {
        describe_counter!(name, Unit::Count, meaning);
    }
    #[cfg(feature = "postgres")]
    {
        tasktrail_resilience::telemetry::describe();
        tasktrail_postgres::telemetry::describe();
        process::describe();
        store::describe();
    }
}

/// Counts tasks and entries that a cleanup removed.
pub(crate) fn removed(tasks: u64, entries: u64) {
    counter!(REMOVED_TASKS_TOTAL).increment(tasks);
    counter!(REMOVED_ENTRIES_TOTAL).increment(entries);
}

/// Counts ended tasks of orchestration that a cleanup removed.
pub(crate) fn removed_orchestrated(tasks: u64) {
    counter!(REMOVED_ORCHESTRATED_TASKS_TOTAL).increment(tasks);
}

/// Counts a partition that a cleanup dropped.
#[cfg(feature = "postgres")]
pub(crate) fn partition_dropped() {
    counter!(PARTITIONS_DROPPED_TOTAL).increment(1);
}

/// Counts a finished run of scheduled maintenance.
pub(crate) fn maintained(run: &Result<MaintenanceRun, DatabaseError>) {
    let result = match run {
        Err(_) => "failed",
        Ok(run) if !run.failures.is_empty() => "failed",
        Ok(run) if run.skipped => "skipped",
        Ok(run) if run.cleaned_up.complete && run.orchestration.complete => "done",
        Ok(_) => "out_of_time",
    };
    counter!(MAINTENANCE_RUNS_TOTAL, "result" => result).increment(1);
}
