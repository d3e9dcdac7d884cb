use std::time::Duration;

use backon::ExponentialBuilder;
use tasktrail_domain::InvalidValue;

/// Configures how often an operation is retried, with which waits, and within which time budget.
///
/// The backoff before the first retry is `initial_backoff`. It doubles for each further retry, up
/// to `max_backoff`. The wait is random, between half the backoff and the full backoff, so that
/// callers that failed together do not retry together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryConfig {
    /// The maximum number of attempts after the first. Defaults to 40, so that `max_elapsed_time`
    /// is the effective limit; from 1 to 100.
    ///
    /// 0 disables retries.
    pub max_retries: u32,
    /// The backoff before the first retry. Defaults to 50 milliseconds; from 1 millisecond to
    /// `max_backoff`.
    pub initial_backoff: Duration,
    /// The maximum backoff. Defaults to 1 second; at most 1 minute.
    pub max_backoff: Duration,
    /// The time budget of a call, including all attempts and waits. Defaults to 15 seconds; at most
    /// 1 hour, and more than the attempt timeout, or nothing is ever retried.
    ///
    /// No retry starts unless it can finish within the budget. The budget does not interrupt an
    /// attempt, so a single attempt may exceed it.
    pub max_elapsed_time: Duration,
    /// Seeds the random waits, so that they are the same for every call in a test. Defaults to
    /// `None`.
    pub jitter_seed: Option<u64>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_retries: 40,
            initial_backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(1),
            max_elapsed_time: Duration::from_secs(15),
            jitter_seed: None,
        }
    }
}

impl RetryConfig {
    /// Sets [`max_retries`](Self::max_retries).
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets [`initial_backoff`](Self::initial_backoff).
    #[must_use]
    pub fn with_initial_backoff(mut self, backoff: Duration) -> Self {
        self.initial_backoff = backoff;
        self
    }

    /// Sets [`max_backoff`](Self::max_backoff).
    #[must_use]
    pub fn with_max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// Sets [`max_elapsed_time`](Self::max_elapsed_time).
    #[must_use]
    pub fn with_max_elapsed_time(mut self, budget: Duration) -> Self {
        self.max_elapsed_time = budget;
        self
    }

    /// Sets [`jitter_seed`](Self::jitter_seed).
    #[must_use]
    pub fn with_jitter_seed(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.jitter_seed = seed.into();
        self
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = InvalidValue> {
        let least = Duration::from_millis(1);
        let minute = Duration::from_secs(60);
        [
            InvalidValue::outside("retry.max_retries", self.max_retries, 1, 100),
            InvalidValue::outside(
                "retry.initial_backoff",
                self.initial_backoff,
                least,
                self.max_backoff,
            ),
            InvalidValue::outside("retry.max_backoff", self.max_backoff, least, minute),
            InvalidValue::outside(
                "retry.max_elapsed_time",
                self.max_elapsed_time,
                least,
                minute * 60,
            ),
        ]
        .into_iter()
        .flatten()
    }

    /// backon adds a random part of up to the delay itself to each delay, so it gets half the
    /// backoff.
    pub(super) fn backoff(&self) -> ExponentialBuilder {
        let builder = ExponentialBuilder::new()
            .with_jitter()
            .with_factor(2.0)
            .with_min_delay(self.initial_backoff.min(self.max_backoff) / 2)
            .with_max_delay(self.max_backoff / 2)
            .with_max_times(usize::try_from(self.max_retries).unwrap_or(usize::MAX));
        match self.jitter_seed {
            Some(seed) => builder.with_jitter_seed(seed),
            None => builder,
        }
    }
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn waits_are_between_half_and_full_exponential_backoff() {
        for seed in 0..1000 {
            let config = RetryConfig {
                jitter_seed: Some(seed),
                ..RetryConfig::default()
            };

            let waits: Vec<Duration> = config.backoff().build().collect();

            assert_eq!(waits.len(), 40);
            for (wait, backoff) in waits.iter().zip([50, 100, 200, 400, 800, 1000, 1000, 1000]) {
                let backoff = Duration::from_millis(backoff);
                assert!(backoff / 2 <= *wait && *wait <= backoff, "{waits:?}");
            }
        }
    }

    #[test]
    fn same_seed_gives_the_same_waits() {
        let waits = |seed| -> Vec<Duration> {
            let config = RetryConfig {
                jitter_seed: Some(seed),
                ..RetryConfig::default()
            };
            config.backoff().build().collect()
        };

        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn extreme_settings_do_not_panic() {
        let config = RetryConfig {
            max_retries: u32::MAX,
            initial_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            max_elapsed_time: Duration::MAX,
            jitter_seed: Some(1),
        };

        assert!(
            config
                .backoff()
                .build()
                .take(100)
                .all(|wait| wait <= Duration::MAX)
        );
    }
}
