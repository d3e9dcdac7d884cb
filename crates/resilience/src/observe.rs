mod call;

use tasktrail_domain::repository::{Operation, Result};
use tracing::Instrument;

use self::call::Call;
use crate::Policy;

/// Tells of every call: a span, metrics, and a log line if it failed.
///
/// As the outermost policy it sees what the caller sees: one call, however many attempts it took.
/// Neither arguments nor answers nor ids become fields or labels.
///
/// - **Span** `repository.operation` at level info, with `operation`, `outcome` and `duration_ms`.
///   What happens during the call, in the driver say, is logged within it.
/// - **Metrics**: calls by outcome, their durations, and how many are under way;
///   [`telemetry`](crate::telemetry) lists them all.
/// - **Log**: a failure is logged once, at level warn, with `kind`, `effect` and the whole chain of
///   causes as `error`. A conflict is an answer rather than a failure, and is logged at level debug.
///
/// # Cancel safety
///
/// A call whose future is dropped has ended, with the outcome `dropped`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Observe;

impl Policy for Observe {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let call = Call::begin(operation);
        let result = attempt().instrument(call.span()).await;
        call.end(result.as_ref().err());
        result
    }
}
