use std::time::Duration;

use tasktrail_domain::InvalidValue;

/// Configures when a circuit breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerConfig {
    /// The number of consecutive outages that opens the breaker. Defaults to 5; from 1 to 1000.
    ///
    /// 0 has the same effect as 1.
    pub failure_threshold: u32,
    /// How long the breaker stays open before the first probe. Defaults to 500 milliseconds; from
    /// 10 milliseconds to `max_cool_down`.
    pub cool_down: Duration,
    /// The maximum cool-down: it doubles with each failed probe. Also the longest time that calls
    /// are rejected because of a pending probe. Defaults to 2 seconds; at most 10 minutes. Keep it
    /// short, so that a recovered store is detected soon.
    pub max_cool_down: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            cool_down: Duration::from_millis(500),
            max_cool_down: Duration::from_secs(2),
        }
    }
}

impl BreakerConfig {
    /// Sets [`failure_threshold`](Self::failure_threshold).
    #[must_use]
    pub fn with_failure_threshold(mut self, outages: u32) -> Self {
        self.failure_threshold = outages;
        self
    }

    /// Sets [`cool_down`](Self::cool_down).
    #[must_use]
    pub fn with_cool_down(mut self, duration: Duration) -> Self {
        self.cool_down = duration;
        self
    }

    /// Sets [`max_cool_down`](Self::max_cool_down).
    #[must_use]
    pub fn with_max_cool_down(mut self, duration: Duration) -> Self {
        self.max_cool_down = duration;
        self
    }

    pub(crate) fn problems(&self) -> impl Iterator<Item = InvalidValue> {
        let least = Duration::from_millis(10);
        let most = Duration::from_secs(600);
        [
            InvalidValue::outside("breaker.failure_threshold", self.failure_threshold, 1, 1000),
            InvalidValue::outside(
                "breaker.cool_down",
                self.cool_down,
                least,
                self.max_cool_down,
            ),
            InvalidValue::outside("breaker.max_cool_down", self.max_cool_down, least, most),
        ]
        .into_iter()
        .flatten()
    }
}
