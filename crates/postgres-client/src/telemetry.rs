//! The metrics that no statistics can give afterwards: distributions. Each is recorded where it arises.
//!
//! They go to whatever recorder the service installed for the [`metrics`] crate; without one they cost
//! next to nothing. Everything else is counted by the pool and the shared calls themselves, which
//! [`pool_statistics`](crate::PostgresDatabase::pool_statistics) and
//! [`batch_statistics`](crate::PostgresDatabase::batch_statistics) tell.

use std::time::Duration;

use metrics::{Unit, describe_histogram, histogram};
use tasktrail_domain::repository::Operation;

/// How long calls waited for a connection, of those that had to.
pub const POOL_WAIT_SECONDS: &str = "tasktrail_pool_wait_seconds";
/// How many calls a shared statement carried.
pub const BATCH_SIZE: &str = "tasktrail_batch_size";

/// Tells the installed recorder what the metrics mean.
pub fn describe() {
    describe_histogram!(
        POOL_WAIT_SECONDS,
        Unit::Seconds,
        "How long calls waited for a connection, of those that had to"
    );
    describe_histogram!(
        BATCH_SIZE,
        Unit::Count,
        "How many calls a shared statement carried"
    );
}

/// Records that a call waited in the queue for connections, whether it got one or not.
pub fn waited(time: Duration) {
    histogram!(POOL_WAIT_SECONDS).record(time);
}

/// Records that a statement with so many calls is sent.
pub fn sent_together(operation: Operation, calls: usize) {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    histogram!(BATCH_SIZE, "operation" => operation.name()).record(f64::from(calls));
}
