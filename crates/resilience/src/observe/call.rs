//! A call that is observed.

use std::fmt;

use metrics::Gauge;
use tasktrail_domain::repository::{ErrorChain, ErrorKind, Operation, RepositoryError};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug, info_span, warn};

use crate::telemetry::{self, effect_name, kind_name, millis};

/// A call in flight, from [`Observe::begin`](crate::Observe::begin) until its end. Its end is
/// recorded when this is dropped, so that dropped futures are recorded too.
pub struct ObservedCall {
    operation: Operation,
    begun: Instant,
    // The handle, not the name: the same recorder must be incremented and decremented.
    in_flight: Gauge,
    span: Span,
    outcome: &'static str,
}

impl ObservedCall {
    pub(super) fn begin(operation: Operation) -> Self {
        let in_flight = telemetry::in_flight(operation);
        in_flight.increment(1.0);
        Self {
            operation,
            begun: Instant::now(),
            in_flight,
            span: info_span!(
                "repository.operation",
                operation = operation.name(),
                outcome = Empty,
                duration_ms = Empty,
            ),
            outcome: telemetry::DROPPED,
        }
    }

    /// Returns the span of the call. Run what belongs to the call within it.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Ends the call with the error that the caller gets, if any.
    pub fn end(mut self, error: Option<&RepositoryError>) {
        self.outcome = error.map_or(telemetry::OK, |error| kind_name(error.kind()));
        if let Some(error) = error {
            self.span.in_scope(|| log(error));
        }
    }

    /// Ends the call of a transaction that the caller rolled back, which is no failure.
    pub fn end_rolled_back(mut self) {
        self.outcome = telemetry::ROLLED_BACK;
    }
}

impl Drop for ObservedCall {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        self.in_flight.decrement(1.0);
        telemetry::ended(self.operation, self.outcome, took);
        self.span.record("outcome", self.outcome);
        self.span.record("duration_ms", millis(took));
    }
}

fn log(error: &RepositoryError) {
    let operation = error.operation().name();
    let kind = kind_name(error.kind());
    let effect = effect_name(error.effect());
    let chain = ErrorChain(error);
    if error.kind() == ErrorKind::Conflict {
        debug!(operation, kind, effect, error = %chain, "operation refused");
    } else {
        warn!(operation, kind, effect, error = %chain, "operation failed");
    }
}

impl fmt::Debug for ObservedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedCall")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
