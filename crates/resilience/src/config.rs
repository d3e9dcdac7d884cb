use std::time::Duration;

use tasktrail_domain::InvalidValue;

use crate::{BreakerConfig, RetryConfig, TimeoutConfig};

/// The settings of a [`StandardPolicy`](crate::StandardPolicy), every part of which can be switched
/// off. By default all are on, with their defaults.
///
/// No setting can do harm, whatever its value, but some make no sense: [`problems`](Self::problems) lists
/// them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResilienceConfig {
    /// Whether spans, metrics and logs tell of calls. On by default.
    pub observe: bool,
    /// How failed calls are retried; `None` to return the first error.
    pub retry: Option<RetryConfig>,
    /// When calls are refused; `None` to admit all.
    pub breaker: Option<BreakerConfig>,
    /// How long attempts may take; `None` for as long as the store lets them.
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
    /// Every setting that is out of its range, by a name such as `retry.max_backoff`.
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

    /// How long attempts may take at most; zero if nobody limits them, for then nobody knows.
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
    fn the_defaults_are_without_fault() {
        assert_eq!(ResilienceConfig::default().problems(), []);
    }

    #[test]
    fn every_fault_is_listed_with_what_is_allowed() {
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
                "retry.max_elapsed_time must be more than timeout.attempt of 7200s, got 1s",
            ]
        );
    }
}
