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
    /// When it was asked and how far it was then at least, the oldest first; all of one timeline.
    written: VecDeque<(Instant, Position)>,
}

/// A place in the log of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// Which log: that of another timeline has other bytes at the same place.
    pub(super) timeline: String,
    pub(super) bytes: i64,
}

impl Freshness {
    pub(super) fn within(lag: Duration) -> Self {
        Self {
            lag,
            written: VecDeque::new(),
        }
    }

    /// Notes how far the primary was when it was `asked`.
    pub(super) fn note(&mut self, asked: Instant, position: Position) {
        let same = |(_, earlier): &(Instant, Position)| earlier.timeline == position.timeline;
        if !self.written.back().is_some_and(same) {
            self.forget();
        }
        self.written.push_back((asked, position));
        let old = |at: Instant| asked.duration_since(at) > self.lag;
        while self.written.front().is_some_and(|(at, _)| old(*at)) {
            self.written.pop_front();
        }
    }

    /// Forgets what the primary said.
    pub(super) fn forget(&mut self) {
        self.written.clear();
    }

    /// Until when a standby that has replayed up to `position` shows what was there `lag` earlier.
    pub(super) fn until(&self, position: &Position) -> Option<Instant> {
        let replayed = |(_, written): &&(Instant, Position)| {
            written.timeline == position.timeline && written.bytes <= position.bytes
        };
        let (asked, _) = self.written.iter().rev().find(replayed)?;
        asked.checked_add(self.lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(timeline: &str, bytes: i64) -> Position {
        Position {
            timeline: timeline.to_owned(),
            bytes,
        }
    }

    #[test]
    fn a_standby_is_as_fresh_as_the_last_position_that_it_has_reached() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, at("1", 100));
        freshness.note(start + second, at("1", 200));
        freshness.note(start + second * 2, at("1", 200));

        assert_eq!(freshness.until(&at("1", 99)), None);
        assert_eq!(freshness.until(&at("1", 150)), Some(start + second * 10));
        assert_eq!(freshness.until(&at("1", 200)), Some(start + second * 12));
    }

    #[test]
    fn a_position_of_long_ago_proves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, at("1", 100));

        freshness.note(start + second * 11, at("1", 300));

        assert_eq!(freshness.until(&at("1", 100)), None);
    }

    #[test]
    fn a_position_of_another_timeline_proves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, at("1", 100));

        freshness.note(start + second, at("2", 90));

        assert_eq!(freshness.until(&at("1", 5000)), None);
        assert_eq!(freshness.until(&at("2", 90)), Some(start + second * 11));
    }
}
