use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::PostgresConfig;

/// How soon a burst is given back.
const BURST_IDLE: Duration = Duration::from_secs(10);

/// How many connections the pool should keep, by how many it needed lately.
///
/// A connection is idle when the pool can do without it, whichever it is: counted by their number,
/// not by the time since each was used, which a queue would spread over all of them.
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

    /// Notes that `needed` connections were in use at once since the last note; tells how many to keep.
    pub(super) fn note(&mut self, needed: u32, now: Instant) -> u32 {
        let idle_window_peak = self.idle_window_peak.note(needed, now).min(self.size);
        let burst_window_peak = self.burst_window_peak.note(needed, now);
        self.minimum.max(idle_window_peak).max(burst_window_peak)
    }
}

/// The greatest number of a stretch of time that ends now.
#[derive(Debug)]
struct Peak {
    window: Duration,
    /// Only those that no later one equals or exceeds, so the first is the greatest.
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
    fn a_burst_is_given_back_after_ten_seconds_and_the_rest_after_the_idle_time() {
        let (mut demand, start) = demand();

        let kept = keeps(
            &mut demand,
            start,
            &[(0, 12), (10, 1), (11, 1), (60, 1), (61, 1)],
        );

        assert_eq!(kept, [12, 12, 8, 8, 2]);
    }

    #[test]
    fn what_is_needed_again_is_kept() {
        let (mut demand, start) = demand();

        let kept = keeps(
            &mut demand,
            start,
            &[(0, 6), (50, 5), (61, 0), (110, 0), (111, 0)],
        );

        assert_eq!(kept, [6, 6, 5, 5, 2]);
    }
}
