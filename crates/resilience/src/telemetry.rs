//! Metrics of this crate: names, types, units and labels.
//!
//! They go to the recorder that the service installed for the [`metrics`] crate. Without a recorder
//! they cost almost nothing.
//!
//! | metric | type | unit | labels | recorded by |
//! | --- | --- | --- | --- | --- |
//! | [`OPERATIONS_TOTAL`] | counter | calls | `operation`, `outcome` | [`Observe`](crate::Observe) |
//! | [`OPERATION_DURATION_SECONDS`] | histogram | seconds | `operation`, `outcome` | [`Observe`](crate::Observe) |
//! | [`OPERATIONS_IN_FLIGHT`] | gauge | calls | `operation` | [`Observe`](crate::Observe) |
//! | [`RETRIES_TOTAL`] | counter | retries | `operation`, `kind` | [`Retry`](crate::Retry) |
//! | [`BREAKER_STATE`] | gauge | 0 closed, 1 open, 2 half-open | – | [`CircuitBreaker`](crate::CircuitBreaker) |
//!
//! Every label has few values, and none of them comes from a caller:
//!
//! - `operation`: a method of a port, such as `task_history.save`, or `transaction`.
//! - `kind`: an [`ErrorKind`] in snake case, such as `timed_out`.
//! - `outcome`: `ok`, a `kind`, `rolled_back` if the closure of a transaction returned an error, or
//!   `dropped` if the caller dropped the call's future.

use std::time::Duration;

use metrics::{Gauge, Unit, counter, gauge, histogram};
use metrics::{describe_counter, describe_gauge, describe_histogram};
use tasktrail_domain::repository::{Effect, ErrorKind, Operation};

/// Finished calls. Retries are not counted.
pub const OPERATIONS_TOTAL: &str = "tasktrail_operations_total";
/// Duration of calls, including retries and the waits between them.
pub const OPERATION_DURATION_SECONDS: &str = "tasktrail_operation_duration_seconds";
/// Calls in flight.
pub const OPERATIONS_IN_FLIGHT: &str = "tasktrail_operations_in_flight";
/// Attempts after the first, by the kind of error that caused the retry.
pub const RETRIES_TOTAL: &str = "tasktrail_retries_total";
/// The state of the circuit breaker, set when it changes.
pub const BREAKER_STATE: &str = "tasktrail_breaker_state";

/// The outcome of a call that succeeded.
pub(crate) const OK: &str = "ok";
/// The outcome of a transaction that the caller rolled back.
pub(crate) const ROLLED_BACK: &str = "rolled_back";
/// The outcome of a call whose future was dropped.
pub(crate) const DROPPED: &str = "dropped";

/// Describes the metrics to the installed recorder, so that exporters show their help texts.
///
/// Call it once, after installing a recorder. It is optional.
pub fn describe() {
    describe_counter!(OPERATIONS_TOTAL, Unit::Count, "Finished calls, by outcome");
    describe_histogram!(
        OPERATION_DURATION_SECONDS,
        Unit::Seconds,
        "Duration of calls, including retries"
    );
    describe_gauge!(OPERATIONS_IN_FLIGHT, Unit::Count, "Calls in flight");
    describe_counter!(
        RETRIES_TOTAL,
        Unit::Count,
        "Attempts after the first, by the kind of error that caused the retry"
    );
    describe_gauge!(
        BREAKER_STATE,
        "State of the circuit breaker: 0 closed, 1 open, 2 half-open"
    );
}

/// The gauge of calls in flight.
pub(crate) fn in_flight(operation: Operation) -> Gauge {
    gauge!(OPERATIONS_IN_FLIGHT, "operation" => operation.name())
}

/// Records the end of a call.
pub(crate) fn ended(operation: Operation, outcome: &'static str, took: Duration) {
    let operation = operation.name();
    counter!(OPERATIONS_TOTAL, "operation" => operation, "outcome" => outcome).increment(1);
    histogram!(OPERATION_DURATION_SECONDS, "operation" => operation, "outcome" => outcome)
        .record(took);
}

/// Records that an operation is retried.
pub(crate) fn retried(operation: Operation, kind: ErrorKind) {
    counter!(RETRIES_TOTAL, "operation" => operation.name(), "kind" => kind_name(kind))
        .increment(1);
}

/// Records the state of the circuit breaker.
pub(crate) fn breaker_is(state: f64) {
    gauge!(BREAKER_STATE).set(state);
}

/// Milliseconds with a fraction: an in-memory call takes microseconds.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A kind of error as a label.
pub(crate) fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Conflict => "conflict",
        ErrorKind::Refused => "refused",
        ErrorKind::Contention => "contention",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::TimedOut => "timed_out",
        ErrorKind::Corrupt => "corrupt",
        ErrorKind::Closed => "closed",
        // `Unexpected`, and kinds added after this crate was written.
        _ => "unexpected",
    }
}

/// An effect as a log field.
pub(crate) fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::NotApplied => "none",
        Effect::Unknown => "unknown",
    }
}
