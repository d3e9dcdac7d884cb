use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How far the primary had written, and when: the measure of how old a standby's state is.
///
/// The time on a standby says nothing about that: a standby that is cut off believes that it has
/// replayed everything. Positions in the log can be compared, and only this machine's clock is read.
#[derive(Debug)]
pub(super) struct Freshness {
    lag: Duration,
    /// When it was asked and how far it was then at least, the oldest first.
    written: VecDeque<(Instant, i64)>,
}

impl Freshness {
    pub(super) fn within(lag: Duration) -> Self {
        Self {
            lag,
            written: VecDeque::new(),
        }
    }

    /// Notes how far the primary was when it was `asked`.
    pub(super) fn note(&mut self, asked: Instant, position: i64) {
        self.written.push_back((asked, position));
        let old = |at: Instant| asked.duration_since(at) > self.lag;
        while self.written.front().is_some_and(|&(at, _)| old(at)) {
            self.written.pop_front();
        }
    }

    /// Forgets what the primary said.
    pub(super) fn forget(&mut self) {
        self.written.clear();
    }

    /// Until when a standby that has replayed up to `position` shows what was there `lag` earlier.
    pub(super) fn until(&self, position: i64) -> Option<Instant> {
        let replayed = |&&(_, written): &&(Instant, i64)| written <= position;
        let (asked, _) = self.written.iter().rev().find(replayed)?;
        asked.checked_add(self.lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_is_as_fresh_as_the_last_position_that_it_has_reached() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, 100);
        freshness.note(start + second, 200);
        freshness.note(start + second * 2, 200);

        assert_eq!(freshness.until(99), None);
        assert_eq!(freshness.until(150), Some(start + second * 10));
        assert_eq!(freshness.until(200), Some(start + second * 12));
    }

    #[test]
    fn a_position_of_long_ago_proves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, 100);

        freshness.note(start + second * 11, 300);

        assert_eq!(freshness.until(100), None);
    }
}
