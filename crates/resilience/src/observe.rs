mod call;

use tasktrail_domain::repository::{Operation, Result};
use tracing::Instrument;

pub use self::call::ObservedCall;
use crate::Policy;

/// Records every call in a span and in metrics, and logs failures.
///
/// As the outermost policy it sees what the caller sees: one call, with all its attempts. Fields
/// and labels never contain arguments, results or ids.
///
/// - **Span** `repository.operation` at level info, with `operation`, `outcome` and `duration_ms`.
///   Events during the call, for example of the driver, are logged within it.
/// - **Metrics**: calls by outcome, their duration, and the number in flight. See
///   [`telemetry`](crate::telemetry).
/// - **Log**: each failure once, at level warn, with `kind`, `effect` and the chain of causes as
///   `error`. A conflict is an answer, not a failure, and is logged at level debug.
///
/// # Cancel safety
///
/// A dropped call is recorded with the outcome `dropped`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Observe;

impl Observe {
    /// Begins to observe a call that no closure can repeat, such as a transaction.
    #[must_use]
    pub fn begin(self, operation: Operation) -> ObservedCall {
        ObservedCall::begin(operation)
    }
}

impl Policy for Observe {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let call = self.begin(operation);
        let result = attempt().instrument(call.span()).await;
        call.end(result.as_ref().err());
        result
    }
}
