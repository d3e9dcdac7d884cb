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

/// Repeats an operation that failed in passing, where a repetition is safe.
///
/// Whether it is, [`is_retryable`](RepositoryError::is_retryable) decides by kind, effect and
/// operation: one that is not idempotent is never repeated when it may have been applied. Between
/// attempts it waits, longer each time ([`RetryConfig`] tells how long). Behind an open
/// [`CircuitBreaker`](crate::CircuitBreaker) it waits until the next probe as well, or gives up at
/// once if that is too late.
///
/// Each retry is counted and logged at level debug with what made it necessary.
///
/// # Errors
///
/// The error of the last attempt. If a retry would have been in order, but was one too many or would
/// have come too late, or if an earlier attempt left the effect unknown, [`Attempts`] is its source
/// and tells how many attempts were made over what time. Its effect is that of all attempts: unknown
/// if that of any was.
///
/// # Cancel safety
///
/// As safe as the port: an attempt is dropped, or a wait, and no other attempt follows.
#[derive(Debug, Clone)]
pub struct Retry {
    backoff: ExponentialBuilder,
    max_elapsed_time: Duration,
    attempt_time: Duration,
}

impl Retry {
    /// Retries as `config` says, taking attempts to last no time at all.
    #[must_use]
    pub fn new(config: &RetryConfig) -> Self {
        Self {
            backoff: config.backoff(),
            max_elapsed_time: config.max_elapsed_time,
            attempt_time: Duration::ZERO,
        }
    }

    /// The same, knowing that an attempt may last as long as `attempt_time`.
    ///
    /// No retry starts that could not last so long before the total time is over. If attempts are
    /// held to that limit, as by a [`Timeout`](crate::Timeout) within, calls end in the total time.
    #[must_use]
    pub fn with_attempts_of(self, attempt_time: Duration) -> Self {
        Self {
            attempt_time,
            ..self
        }
    }

    /// How long to wait before the next attempt; `None` if there must not be one.
    fn next_wait(
        &self,
        backoff: &mut impl Iterator<Item = Duration>,
        error: &RepositoryError,
        elapsed: Duration,
    ) -> Option<Duration> {
        // On top of the backoff and not instead: those who wait for one probe must not come at once.
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
                return Err(failed.tell(error, begun.elapsed()));
            };
            announce(operation, &error, wait);
            tokio::time::sleep(wait).await;
        }
    }
}

fn announce(operation: Operation, error: &RepositoryError, wait: Duration) {
    telemetry::retried(operation, error.kind());
    debug!(
        operation = operation.name(),
        kind = kind_name(error.kind()),
        wait_ms = millis(wait),
        error = %ErrorChain(error),
        "trying again"
    );
}
