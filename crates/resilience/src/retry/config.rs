use std::time::Duration;

use backon::ExponentialBuilder;
use tasktrail_domain::InvalidValue;

/// How often, after what waits and for how long an operation is tried.
///
/// The backoff before the first retry is `initial_backoff`; before each further one it doubles, up to
/// `max_backoff`. The wait is drawn between half of the backoff and the whole, so that callers who
/// failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    /// How many attempts may follow the first. Defaults to 40, so that `max_elapsed_time` is what counts; from
    /// 1 to 100.
    ///
    /// At 0 nothing is retried.
    pub max_retries: u32,
    /// The backoff before the first retry. Defaults to 50 milliseconds; from 1 millisecond to
    /// `max_backoff`.
    pub initial_backoff: Duration,
    /// The longest backoff. Defaults to 1 second; at most 1 minute.
    pub max_backoff: Duration,
    /// How long a call may take with all its attempts and waits. Defaults to 15 seconds; at most
    /// 1 hour, and more than an attempt may take, or else nothing is ever retried.
    ///
    /// It keeps retries from starting and does not cut an attempt short: a first attempt may take
    /// longer if it is allowed to.
    pub max_elapsed_time: Duration,
    /// Makes the waits the same for every call, for tests: with `None`, the default, they are
    /// drawn at random.
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

    /// backon adds up to as much again to each delay, so it gets halves.
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
    fn waits_lie_between_half_of_a_doubling_backoff_and_the_whole() {
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
    fn a_seed_makes_waits_repeatable_and_seeds_differ() {
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
    fn settings_out_of_all_bounds_do_no_harm() {
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
