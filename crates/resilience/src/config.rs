use std::time::Duration;

use tasktrail_domain::InvalidValue;

use crate::{BreakerConfig, RetryConfig, TimeoutConfig};

/// Configures a [`StandardPolicy`](crate::StandardPolicy). Each part can be disabled. By default
/// all are enabled, with their defaults.
///
/// Values outside the valid ranges do no harm, but make no sense. [`problems`](Self::problems)
/// lists them.
///
/// ```
/// use tasktrail_resilience::{ResilienceConfig, RetryConfig};
///
/// let config = ResilienceConfig::default()
///     .with_retry(RetryConfig::default().with_max_retries(3))
///     .with_breaker(None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResilienceConfig {
    /// Whether calls are recorded in spans, metrics and logs. Enabled by default.
    pub observe: bool,
    /// How failed calls are retried; `None` for no retries.
    pub retry: Option<RetryConfig>,
    /// When calls are rejected; `None` for no circuit breaker.
    pub breaker: Option<BreakerConfig>,
    /// How long attempts may take; `None` for no timeouts except the store's own.
    pub timeout: Option<TimeoutConfig>,
}

impl Default for ResilienceConfig {
    fn default() -> Self {
        Self {
            observe: true,
            retry: Some(RetryConfig::default()),
            breaker: Some(BreakerConfig::default()),
            timeout: Some(TimeoutConfig::default()),
        }
    }
}

impl ResilienceConfig {
    /// Sets [`observe`](Self::observe).
    #[must_use]
    pub fn with_observe(mut self, observe: bool) -> Self {
        self.observe = observe;
        self
    }

    /// Sets [`retry`](Self::retry).
    #[must_use]
    pub fn with_retry(mut self, config: impl Into<Option<RetryConfig>>) -> Self {
        self.retry = config.into();
        self
    }

    /// Sets [`breaker`](Self::breaker).
    #[must_use]
    pub fn with_breaker(mut self, config: impl Into<Option<BreakerConfig>>) -> Self {
        self.breaker = config.into();
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(mut self, config: impl Into<Option<TimeoutConfig>>) -> Self {
        self.timeout = config.into();
        self
    }

    /// Lists every setting outside its valid range, by a name such as `retry.max_backoff`.
    #[must_use]
    pub fn problems(&self) -> Vec<InvalidValue> {
        let retry = self.retry.iter().flat_map(RetryConfig::problems);
        let breaker = self.breaker.iter().flat_map(BreakerConfig::problems);
        let timeout = self.timeout.iter().flat_map(TimeoutConfig::problems);
        let no_retry_fits = self.no_retry_fits();
        retry
            .chain(breaker)
            .chain(timeout)
            .chain(no_retry_fits)
            .collect()
    }

    /// The attempt timeout. Zero if there is none, because the duration of attempts is then
    /// unknown.
    pub(crate) fn attempt_time(&self) -> Duration {
        self.timeout
            .map_or(Duration::ZERO, |timeout| timeout.attempt)
    }

    fn no_retry_fits(&self) -> Option<InvalidValue> {
        let total = self.retry?.max_elapsed_time;
        let limit = self.timeout?.attempt;
        (total <= limit).then(|| {
            let more = format!("more than timeout.attempt of {limit:?}");
            InvalidValue::new("retry.max_elapsed_time", more, format_args!("{total:?}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid() {
        assert_eq!(ResilienceConfig::default().problems(), []);
    }

    #[test]
    fn every_problem_is_listed_with_its_limit() {
        let (none, hour) = (Duration::ZERO, Duration::from_secs(3600));
        let config = ResilienceConfig {
            observe: true,
            retry: Some(RetryConfig {
                max_retries: 0,
                initial_backoff: none,
                max_backoff: hour,
                max_elapsed_time: Duration::from_secs(1),
                jitter_seed: None,
            }),
            breaker: Some(BreakerConfig {
                failure_threshold: 0,
                cool_down: hour,
                max_cool_down: hour,
            }),
            timeout: Some(TimeoutConfig {
                attempt: hour * 2,
                long_attempt: hour,
                transaction: none,
            }),
        };

        let problems: Vec<String> = config.problems().iter().map(ToString::to_string).collect();

        assert_eq!(
            problems,
            [
                "retry.max_retries must be between 1 and 100, got 0",
                "retry.initial_backoff must be between 1ms and 3600s, got 0ns",
                "retry.max_backoff must be between 1ms and 60s, got 3600s",
                "breaker.failure_threshold must be between 1 and 1000, got 0",
                "breaker.max_cool_down must be between 10ms and 600s, got 3600s",
                "timeout.attempt must be between 1ms and 3600s, got 7200s",
                "timeout.long_attempt must be between 7200s and 86400s, got 3600s",
                "timeout.transaction must be between 1ms and 3600s, got 0ns",
                "retry.max_elapsed_time must be more than timeout.attempt of 7200s, got 1s",
            ]
        );
    }
}
