mod attempts;
mod config;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tasktrail_domain::repository::{ErrorChain, Operation, RepositoryError, Result};
use tokio::time::Instant;
use tracing::debug;

pub use self::attempts::Attempts;
pub use self::config::RetryConfig;
use crate::telemetry::{self, kind_name, millis};
use crate::{BreakerOpen, Policy};

/// Retries an operation after a transient failure, if a retry is safe.
///
/// [`is_retryable`](RepositoryError::is_retryable) decides this from kind, effect and operation: an
/// operation that is not idempotent is never retried if it may have been applied. The wait between
/// attempts increases, see [`RetryConfig`]. If a [`CircuitBreaker`](crate::CircuitBreaker) is open,
/// the retry also waits for its next probe, or gives up immediately if that is too late.
///
/// Each retry is counted, and logged at level debug with its cause.
///
/// # Errors
///
/// The error of the last attempt. [`Attempts`] is its source if the retry limit or the time budget
/// prevented a further retry, or if an earlier attempt left the effect unknown. It reports the
/// number of attempts and their total duration. The effect of the error covers all attempts: it is
/// unknown if that of any attempt was.
///
/// # Cancel safety
///
/// As safe as the port. Dropping the future drops the attempt in flight or the wait, and no other
/// attempt starts.
#[derive(Debug, Clone)]
pub struct Retry {
    backoff: ExponentialBuilder,
    max_elapsed_time: Duration,
    attempt_time: Duration,
}

impl Retry {
    /// Retries as configured, assuming that attempts take no time.
    #[must_use]
    pub fn new(config: &RetryConfig) -> Self {
        Self {
            backoff: config.backoff(),
            max_elapsed_time: config.max_elapsed_time,
            attempt_time: Duration::ZERO,
        }
    }

    /// Takes into account that an attempt may last `attempt_time`.
    ///
    /// No retry starts unless an attempt of that length can finish within the time budget. If
    /// attempts are limited to it, as by an inner [`Timeout`](crate::Timeout), calls finish within
    /// the budget.
    #[must_use]
    pub fn with_attempts_of(self, attempt_time: Duration) -> Self {
        Self {
            attempt_time,
            ..self
        }
    }

    /// The wait before the next attempt; `None` if there must not be one.
    fn next_wait(
        &self,
        backoff: &mut impl Iterator<Item = Duration>,
        error: &RepositoryError,
        elapsed: Duration,
    ) -> Option<Duration> {
        // In addition to the backoff, so that calls that wait for the same probe do not all retry
        // at once.
        let until_probe = BreakerOpen::behind(error).and_then(BreakerOpen::next_probe_in);
        let wait = backoff
            .next()?
            .saturating_add(until_probe.unwrap_or_default());
        let done = elapsed
            .saturating_add(wait)
            .saturating_add(self.attempt_time);
        (done <= self.max_elapsed_time).then_some(wait)
    }
}

impl Policy for Retry {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let begun = Instant::now();
        let mut backoff = self.backoff.build();
        let mut failed = attempts::Failed::default();
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            failed.count(&error);
            if !error.is_retryable() {
                return Err(failed.settle(error, begun.elapsed()));
            }
            let Some(wait) = self.next_wait(&mut backoff, &error, begun.elapsed()) else {
                return Err(failed.with_attempts(error, begun.elapsed()));
            };
            record_retry(operation, &error, wait);
            tokio::time::sleep(wait).await;
        }
    }
}

fn record_retry(operation: Operation, error: &RepositoryError, wait: Duration) {
    telemetry::retried(operation, error.kind());
    debug!(
        operation = operation.name(),
        kind = kind_name(error.kind()),
        wait_ms = millis(wait),
        error = %ErrorChain(error),
        "retrying"
    );
}
