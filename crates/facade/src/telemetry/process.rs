//! Metrics of this process: the connection pool, the batches and the circuit breaker.

use std::sync::{Mutex, PoisonError};

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use tasktrail_postgres::{BatchStatistics, PoolStatistics, PostgresDatabase};
use tasktrail_resilience::{CircuitBreaker, StandardPolicy};

/// Open connections.
pub const POOL_CONNECTIONS: &str = "tasktrail_pool_connections";
/// Open connections that no call uses.
pub const POOL_CONNECTIONS_IDLE: &str = "tasktrail_pool_connections_idle";
/// Maximum number of connections, including the burst.
pub const POOL_CONNECTIONS_MAX: &str = "tasktrail_pool_connections_max";
/// Calls that hold a connection, or hold a permit and are getting one.
pub const POOL_IN_USE: &str = "tasktrail_pool_in_use";
/// Calls that wait for a connection.
pub const POOL_WAITING: &str = "tasktrail_pool_waiting";
/// Longest time that a call in progress has held its connection; 0 if no call holds one.
pub const POOL_LONGEST_HELD_SECONDS: &str = "tasktrail_pool_longest_held_seconds";
/// Calls that timed out waiting for a connection.
pub const POOL_WAIT_TIMEOUTS_TOTAL: &str = "tasktrail_pool_wait_timeouts_total";
/// Calls that were reported as leaks: they held a connection for longer than `leak_threshold`.
pub const POOL_LEAKS_TOTAL: &str = "tasktrail_pool_leaks_total";
/// Connections that were opened.
pub const POOL_CONNECTIONS_OPENED_TOTAL: &str = "tasktrail_pool_connections_opened_total";
/// Connections that could not be opened.
pub const POOL_CONNECT_FAILURES_TOTAL: &str = "tasktrail_pool_connect_failures_total";
/// Connections that were closed, by reason.
pub const POOL_CONNECTIONS_CLOSED_TOTAL: &str = "tasktrail_pool_connections_closed_total";
/// Calls that are queued for a batch, or in flight in one.
pub const BATCH_CALLS_IN_FLIGHT: &str = "tasktrail_batch_calls_in_flight";
/// Tasks that are set aside because another transaction keeps them locked.
pub const TASKS_ASIDE: &str = "tasktrail_tasks_aside";
/// Calls that wait for tasks that are set aside.
pub const CALLS_ASIDE: &str = "tasktrail_calls_aside";
/// Calls that can be batched, by whether they were.
pub const BATCH_CALLS_TOTAL: &str = "tasktrail_batch_calls_total";
/// Batches: statements that carried batched calls.
pub const BATCHES_TOTAL: &str = "tasktrail_batches_total";

pub(super) fn describe() {
    for (name, meaning) in [
        (POOL_CONNECTIONS, "Open connections"),
        (POOL_CONNECTIONS_IDLE, "Open connections that no call uses"),
        (
            POOL_CONNECTIONS_MAX,
            "Maximum number of connections, including the burst",
        ),
        (
            POOL_IN_USE,
            "Calls that hold a connection, or hold a permit and are getting one",
        ),
        (POOL_WAITING, "Calls that wait for a connection"),
        (
            BATCH_CALLS_IN_FLIGHT,
            "Calls that are queued for a batch, or in flight in one",
        ),
        (
            TASKS_ASIDE,
            "Tasks that are set aside because another transaction keeps them locked",
        ),
        (CALLS_ASIDE, "Calls that wait for tasks that are set aside"),
    ] {
        describe_gauge!(name, Unit::Count, meaning);
    }
    describe_gauge!(
        POOL_LONGEST_HELD_SECONDS,
        Unit::Seconds,
        "Longest time that a call in progress has held its connection"
    );
    for (name, meaning) in [
        (
            POOL_WAIT_TIMEOUTS_TOTAL,
            "Calls that timed out waiting for a connection",
        ),
        (POOL_LEAKS_TOTAL, "Calls that were reported as leaks"),
        (
            POOL_CONNECTIONS_OPENED_TOTAL,
            "Connections that were opened",
        ),
        (
            POOL_CONNECT_FAILURES_TOTAL,
            "Connections that could not be opened",
        ),
        (
            POOL_CONNECTIONS_CLOSED_TOTAL,
            "Connections that were closed, by reason",
        ),
        (
            BATCH_CALLS_TOTAL,
            "Calls that can be batched, by whether they were",
        ),
        (
            BATCHES_TOTAL,
            "Batches: statements that carried batched calls",
        ),
    ] {
        describe_counter!(name, Unit::Count, meaning);
    }
}

/// The statistics of a database at its last publication. The adapter counts from its connect, the
/// recorder for the lifetime of the process. The recorder gets the difference, so that the counters
/// add up over reconnects and over several databases.
#[derive(Debug, Default)]
pub(crate) struct Published(Mutex<Snapshot>);

#[derive(Debug, Default)]
struct Snapshot {
    pool: PoolStatistics,
    batches: Vec<BatchStatistics>,
}

/// Publishes the current statistics of a database.
pub(crate) fn publish(published: &Published, postgres: &PostgresDatabase, policy: &StandardPolicy) {
    // Read under the lock, so that an older snapshot never follows a newer one.
    let mut before = published.0.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Snapshot {
        pool: postgres.pool_statistics(),
        batches: postgres.batch_statistics(),
    };
    pool(&now.pool, &before.pool);
    for (index, operation) in now.batches.iter().enumerate() {
        batches(operation, before.batches.get(index));
    }
    *before = now;
    drop(before);
    if let Some(breaker) = policy.breaker() {
        CircuitBreaker::publish(breaker);
    }
}

fn pool(now: &PoolStatistics, before: &PoolStatistics) {
    gauge!(POOL_CONNECTIONS).set(now.size);
    gauge!(POOL_CONNECTIONS_IDLE).set(now.idle);
    gauge!(POOL_CONNECTIONS_MAX).set(now.maximum);
    gauge!(POOL_IN_USE).set(now.in_use);
    gauge!(POOL_WAITING).set(now.waiting);
    let held = now.longest_held.as_ref();
    let held_for = held.map(|held| held.held_for).unwrap_or_default();
    gauge!(POOL_LONGEST_HELD_SECONDS).set(held_for);
    let timed_out = now.waits.timed_out - before.waits.timed_out;
    counter!(POOL_WAIT_TIMEOUTS_TOTAL).increment(timed_out);
    counter!(POOL_LEAKS_TOTAL).increment(now.leaks - before.leaks);
    counter!(POOL_CONNECTIONS_OPENED_TOTAL).increment(now.opened - before.opened);
    counter!(POOL_CONNECT_FAILURES_TOTAL).increment(now.connect_failures - before.connect_failures);
    let (now, before) = (&now.closed, &before.closed);
    for (reason, closed) in [
        ("idle", now.idle - before.idle),
        ("lifetime", now.lifetime - before.lifetime),
        ("broken", now.broken - before.broken),
        ("abandoned", now.abandoned - before.abandoned),
        ("pool_closed", now.pool_closed - before.pool_closed),
    ] {
        counter!(POOL_CONNECTIONS_CLOSED_TOTAL, "reason" => reason).increment(closed);
    }
}

fn batches(now: &BatchStatistics, before: Option<&BatchStatistics>) {
    let operation = now.operation;
    gauge!(BATCH_CALLS_IN_FLIGHT, "operation" => operation).set(now.under_way);
    gauge!(TASKS_ASIDE, "operation" => operation).set(now.tasks_aside);
    gauge!(CALLS_ASIDE, "operation" => operation).set(now.waiting_aside);
    let since = |count: fn(&BatchStatistics) -> u64| count(now) - before.map_or(0, count);
    for (way, calls) in [
        ("single", since(|calls| calls.single)),
        ("batched", since(|calls| calls.batched)),
    ] {
        counter!(BATCH_CALLS_TOTAL, "operation" => operation, "way" => way).increment(calls);
    }
    let statements = since(|calls| calls.statements);
    counter!(BATCHES_TOTAL, "operation" => operation).increment(statements);
}
