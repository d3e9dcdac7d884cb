use std::time::Duration;

use tasktrail_domain::InvalidValue;

/// When a circuit breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// How many consecutive outages open it. Defaults to 5; from 1 to 1000.
    ///
    /// At 0 one outage opens it, as at 1.
    pub failure_threshold: u32,
    /// How long it stays open before the first probe. Defaults to 500 milliseconds; from 10 milliseconds
    /// to `max_cool_down`.
    pub cool_down: Duration,
    /// The most that the cool-down grows to, doubling with each probe that fails, and the longest
    /// that a probe keeps others waiting. Defaults to 2 seconds, so that a store that is back is soon
    /// found; at most 10 minutes.
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
