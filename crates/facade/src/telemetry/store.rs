//! Metrics of the database: its health and size. Measuring them takes queries.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use tasktrail_domain::task_history::TaskStatus;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_admin::{StatusCounts, StorageStatistics, TableStatistics};

/// Health of the store: 0 healthy, 1 degraded, 2 unhealthy.
pub const HEALTH_STATE: &str = "tasktrail_health_state";
/// Tasks, by status.
pub const TASKS: &str = "tasktrail_tasks";
/// Entries, by the status of their task.
pub const ENTRIES: &str = "tasktrail_entries";
/// Size of a table, including large values (TOAST), without indexes.
pub const TABLE_BYTES: &str = "tasktrail_table_bytes";
/// Size of the indexes of a table.
pub const INDEX_BYTES: &str = "tasktrail_index_bytes";
/// Dead row versions that wait for vacuum, as estimated by the server.
pub const DEAD_TUPLES: &str = "tasktrail_dead_tuples";
/// Time of the last measurement of the store, in seconds since 1970.
pub const STORE_MEASURED_TIMESTAMP_SECONDS: &str = "tasktrail_store_measured_timestamp_seconds";
/// Duration of the last measurement of the store.
pub const STORE_MEASUREMENT_SECONDS: &str = "tasktrail_store_measurement_seconds";

pub(super) fn describe() {
    for (name, unit, meaning) in [
        (
            HEALTH_STATE,
            Unit::Count,
            "Health of the store: 0 healthy, 1 degraded, 2 unhealthy",
        ),
        (TASKS, Unit::Count, "Tasks, by status"),
        (ENTRIES, Unit::Count, "Entries, by the status of their task"),
        (
            TABLE_BYTES,
            Unit::Bytes,
            "Size of a table, including large values (TOAST), without indexes",
        ),
        (INDEX_BYTES, Unit::Bytes, "Size of the indexes of a table"),
        (
            DEAD_TUPLES,
            Unit::Count,
            "Dead row versions that wait for vacuum, as estimated by the server",
        ),
        (
            STORE_MEASURED_TIMESTAMP_SECONDS,
            Unit::Seconds,
            "Time of the last measurement of the store, since 1970",
        ),
        (
            STORE_MEASUREMENT_SECONDS,
            Unit::Seconds,
            "Duration of the last measurement of the store",
        ),
    ] {
        describe_gauge!(name, unit, meaning);
    }
}

/// A measurement of the store.
pub(crate) struct StoreMetrics {
    pub(crate) counts: BTreeMap<TaskStatus, StatusCounts>,
    pub(crate) storage: StorageStatistics,
    pub(crate) at: Timestamp,
    pub(crate) took: Duration,
}

/// Publishes how a store is: 0 if it is healthy, 1 if degraded, 2 if unhealthy.
pub(crate) fn publish_health(level: f64) {
    gauge!(HEALTH_STATE).set(level);
}

/// Publishes a measurement of the store.
pub(crate) fn publish_store(found: &StoreMetrics) {
    for status in TaskStatus::ALL {
        // A gauge keeps its last value, so a status without tasks has to be set to 0.
        let counts = found.counts.get(&status).copied().unwrap_or_default();
        gauge!(TASKS, "status" => status.as_str()).set(float(counts.tasks));
        gauge!(ENTRIES, "status" => status.as_str()).set(float(counts.entries));
    }
    table("task_history", &found.storage.entries);
    table("task_summary", &found.storage.tasks);
    let at = found.at.to_datetime().timestamp();
    gauge!(STORE_MEASURED_TIMESTAMP_SECONDS).set(float(u64::try_from(at).unwrap_or_default()));
    gauge!(STORE_MEASUREMENT_SECONDS).set(found.took);
}

fn table(name: &'static str, statistics: &TableStatistics) {
    gauge!(TABLE_BYTES, "table" => name).set(float(statistics.table_bytes));
    gauge!(INDEX_BYTES, "table" => name).set(float(statistics.index_bytes));
    gauge!(DEAD_TUPLES, "table" => name).set(float(statistics.dead_rows));
}

/// Converts to the type of a gauge. Exact up to 2⁵³, which no store reaches.
fn float(number: u64) -> f64 {
    let half = |bits: u64| u32::try_from(bits).map_or(0.0, f64::from);
    half(number >> 32) * 4_294_967_296.0 + half(number & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_to_float_is_exact() {
        for (number, text) in [
            (0, "0"),
            (10_485_760_123, "10485760123"),
            (1 << 53, "9007199254740992"),
        ] {
            assert_eq!(float(number).to_string(), text);
        }
    }
}
