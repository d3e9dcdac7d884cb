use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use crate::Policy;

/// Limits the duration of one attempt.
///
/// # Errors
///
/// [`TimedOut`](ErrorKind::TimedOut) with [`AttemptTimedOut`] as its source. The effect is unknown:
/// the store may still complete the operation.
///
/// # Cancel safety
///
/// The timeout drops the future of the attempt. That is as safe as in the port: the operation is
/// applied entirely or not at all.
#[derive(Debug, Clone)]
pub struct Timeout {
    limit: Duration,
    exceptions: Vec<(Operation, Duration)>,
}

/// Configures the duration of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutConfig {
    /// The timeout of an attempt. Defaults to 4 seconds; from 1 millisecond to 1 hour.
    ///
    /// At zero, an attempt succeeds only if it finishes without waiting.
    pub attempt: Duration,
    /// The timeout of an attempt of `list_all`, `count`, `expired` or `remove_expired`, whose cost
    /// grows with the history. Defaults to 60 seconds; from `attempt` to 24 hours.
    pub long_attempt: Duration,
    /// The timeout of a transaction, from its begin to its commit. Defaults to 10 seconds; from 1
    /// millisecond to 1 hour.
    pub transaction: Duration,
}

/// The source of the error of an attempt that timed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {limit:?}")]
pub struct AttemptTimedOut {
    limit: Duration,
}

impl Timeout {
    /// Limits each attempt of any operation to `limit`.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            exceptions: Vec::new(),
        }
    }

    /// Sets a different limit for one operation.
    #[must_use]
    pub fn except(mut self, operation: Operation, limit: Duration) -> Self {
        self.exceptions.push((operation, limit));
        self
    }

    /// The limit for attempts of `operation`. The last exception set for it applies.
    #[must_use]
    pub fn limit(&self, operation: Operation) -> Duration {
        let exception = |of: &&(Operation, Duration)| of.0 == operation;
        let found = self.exceptions.iter().rev().find(exception);
        found.map_or(self.limit, |&(_, limit)| limit)
    }
}

impl Policy for Timeout {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        let limit = self.limit(operation);
        match tokio::time::timeout(limit, attempt()).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let error = RepositoryError::new(operation, ErrorKind::TimedOut, Effect::Unknown);
                Err(error.with_source(AttemptTimedOut { limit }))
            }
        }
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(4),
            long_attempt: Duration::from_secs(60),
            transaction: Duration::from_secs(10),
        }
    }
}

impl TimeoutConfig {
    /// Sets [`attempt`](Self::attempt).
    #[must_use]
    pub fn with_attempt(mut self, limit: Duration) -> Self {
        self.attempt = limit;
        self
    }

    /// Sets [`long_attempt`](Self::long_attempt).
    #[must_use]
    pub fn with_long_attempt(mut self, limit: Duration) -> Self {
        self.long_attempt = limit;
        self
    }

    /// Sets [`transaction`](Self::transaction).
    #[must_use]
    pub fn with_transaction(mut self, limit: Duration) -> Self {
        self.transaction = limit;
        self
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = InvalidValue> {
        let least = Duration::from_millis(1);
        let hour = Duration::from_secs(60 * 60);
        [
            InvalidValue::outside("timeout.attempt", self.attempt, least, hour),
            InvalidValue::outside(
                "timeout.long_attempt",
                self.long_attempt,
                self.attempt,
                hour * 24,
            ),
            InvalidValue::outside("timeout.transaction", self.transaction, least, hour),
        ]
        .into_iter()
        .flatten()
    }
}

impl AttemptTimedOut {
    /// The limit that the attempt exceeded.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}
