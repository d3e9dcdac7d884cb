//! An observed call.

use metrics::Gauge;
use tasktrail_domain::repository::{ErrorChain, ErrorKind, Operation, RepositoryError};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, debug, info_span, warn};

use crate::telemetry::{self, effect_name, kind_name, millis};

/// A call in flight. Its end is recorded when this is dropped, so that dropped futures are recorded
/// too.
pub(super) struct Call {
    operation: Operation,
    begun: Instant,
    // The handle, not the name: the same recorder must be incremented and decremented.
    in_flight: Gauge,
    span: Span,
    outcome: &'static str,
}

impl Call {
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

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Ends the call with the result that the caller gets.
    pub(super) fn end(mut self, error: Option<&RepositoryError>) {
        self.outcome = error.map_or(telemetry::OK, |error| kind_name(error.kind()));
        if let Some(error) = error {
            self.span.in_scope(|| log(error));
        }
    }
}

impl Drop for Call {
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
