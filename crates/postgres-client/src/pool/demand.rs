use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::PostgresConfig;

/// Time after which unneeded burst connections are closed.
const BURST_IDLE: Duration = Duration::from_secs(10);

/// Calculates how many connections to keep from recent use.
///
/// Counts how many connections were needed at once, not how long each was idle: a queue spreads the
/// load over all connections, so that each looks recently used.
#[derive(Debug)]
pub(super) struct Demand {
    minimum: u32,
    size: u32,
    idle_window_peak: Peak,
    burst_window_peak: Peak,
}

impl Demand {
    pub(super) fn new(config: &PostgresConfig) -> Self {
        Self {
            minimum: config.min_connections,
            size: config.max_connections.get(),
            idle_window_peak: Peak::within(config.idle_timeout),
            burst_window_peak: Peak::within(BURST_IDLE.min(config.idle_timeout)),
        }
    }

    /// Records that `needed` connections were in use at once since the last call, and returns how
    /// many to keep.
    pub(super) fn note(&mut self, needed: u32, now: Instant) -> u32 {
        let idle_window_peak = self.idle_window_peak.note(needed, now).min(self.size);
        let burst_window_peak = self.burst_window_peak.note(needed, now);
        self.minimum.max(idle_window_peak).max(burst_window_peak)
    }
}

/// The maximum over a sliding time window.
#[derive(Debug)]
struct Peak {
    window: Duration,
    /// Decreasing: a later number that is equal or greater replaces earlier ones, so the first is
    /// the maximum.
    numbers: VecDeque<(Instant, u32)>,
}

impl Peak {
    fn within(window: Duration) -> Self {
        Self {
            window,
            numbers: VecDeque::new(),
        }
    }

    fn note(&mut self, number: u32, now: Instant) -> u32 {
        while self.numbers.back().is_some_and(|&(_, last)| last <= number) {
            self.numbers.pop_back();
        }
        self.numbers.push_back((now, number));
        let old = |at: Instant| now.duration_since(at) > self.window;
        while self.numbers.front().is_some_and(|&(at, _)| old(at)) {
            self.numbers.pop_front();
        }
        self.numbers
            .front()
            .map_or(number, |&(_, greatest)| greatest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand() -> (Demand, Instant) {
        let config = PostgresConfig::from_url("postgres://h/d")
            .and_then(|config| config.with_connections(2, 8))
            .unwrap()
            .with_burst(8)
            .with_idle_timeout(Duration::from_secs(60));
        (Demand::new(&config), Instant::now())
    }

    fn keeps(demand: &mut Demand, start: Instant, notes: &[(u64, u32)]) -> Vec<u32> {
        notes
            .iter()
            .map(|&(second, needed)| demand.note(needed, start + Duration::from_secs(second)))
            .collect()
    }

    #[test]
    fn burst_is_closed_after_ten_seconds_and_the_rest_after_idle_timeout() {
        let (mut demand, start) = demand();

        let kept = keeps(
            &mut demand,
            start,
            &[(0, 12), (10, 1), (11, 1), (60, 1), (61, 1)],
        );

        assert_eq!(kept, [12, 12, 8, 8, 2]);
    }

    #[test]
    fn connections_needed_again_are_kept() {
        let (mut demand, start) = demand();

        let kept = keeps(
            &mut demand,
            start,
            &[(0, 6), (50, 5), (61, 0), (110, 0), (111, 0)],
        );

        assert_eq!(kept, [6, 6, 5, 5, 2]);
    }
}
