use std::time::Duration;

use tasktrail_domain::InvalidValue;
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};

use crate::Policy;

/// Bounds how long one attempt may take.
///
/// # Errors
///
/// [`TimedOut`](ErrorKind::TimedOut) with [`AttemptTimedOut`] as its source. The effect is unknown:
/// the store may go on with what it was asked to, whether anybody listens or not.
///
/// # Cancel safety
///
/// The limit is kept by dropping the attempt's future, so it is as safe as dropping is in the port:
/// all of the operation or nothing.
#[derive(Debug, Clone)]
pub struct Timeout {
    limit: Duration,
    exceptions: Vec<(Operation, Duration)>,
}

/// How long attempts may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutConfig {
    /// The limit for an attempt. Defaults to 4 seconds; from 1 millisecond to 1 hour.
    ///
    /// At zero only what answers without waiting succeeds.
    pub attempt: Duration,
    /// The limit for an attempt of an operation whose cost grows with the size of the history:
    /// `count`, `expired` and `remove_expired`. Defaults to 60 seconds; from `attempt` to 24 hours.
    pub long_attempt: Duration,
}

/// The source of an error of an attempt that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {limit:?}")]
pub struct AttemptTimedOut {
    limit: Duration,
}

impl Timeout {
    /// Bounds each attempt of any operation by `limit`.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            exceptions: Vec::new(),
        }
    }

    /// The same with another limit for one operation.
    #[must_use]
    pub fn except(mut self, operation: Operation, limit: Duration) -> Self {
        self.exceptions.push((operation, limit));
        self
    }

    /// How long an attempt of `operation` may take. The last exception made for it counts.
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
        }
    }
}

impl TimeoutConfig {
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
        ]
        .into_iter()
        .flatten()
    }
}

impl AttemptTimedOut {
    /// How long the attempt was allowed to take.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }
}
