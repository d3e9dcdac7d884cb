//! Histograms, recorded while calls run.
//!
//! They go to the recorder that the service installed for the [`metrics`] crate. Without a recorder
//! they cost almost nothing. A histogram cannot be derived from a snapshot, so it is recorded here.
//! All other metrics are derived from the snapshots `PostgresDatabase::pool_statistics` and
//! `PostgresDatabase::batch_statistics`.

use std::time::Duration;

use metrics::{Unit, describe_histogram, histogram};
use tasktrail_domain::repository::Operation;

/// Time that calls waited for a connection. Calls that did not wait are not recorded.
pub const POOL_WAIT_SECONDS: &str = "tasktrail_pool_wait_seconds";
/// Calls in each batch.
pub const BATCH_SIZE: &str = "tasktrail_batch_size";

/// Describes the metrics to the installed recorder.
pub fn describe() {
    describe_histogram!(
        POOL_WAIT_SECONDS,
        Unit::Seconds,
        "Time that calls waited for a connection, excluding calls that did not wait"
    );
    describe_histogram!(BATCH_SIZE, Unit::Count, "Calls in each batch");
}

/// Records the wait of a call in the queue for connections, whether it got one or not.
pub fn waited(time: Duration) {
    histogram!(POOL_WAIT_SECONDS).record(time);
}

/// Records that a batch of `calls` is sent.
pub(crate) fn sent_together(operation: Operation, calls: usize) {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    histogram!(BATCH_SIZE, "operation" => operation.name()).record(f64::from(calls));
}
