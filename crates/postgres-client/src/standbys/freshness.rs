use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Determines how old a standby's state is, from WAL positions of the primary.
///
/// A standby cannot tell this from its own clock: when it is disconnected, it believes that it has
/// replayed everything. WAL positions can be compared, and only this machine's clock is used.
#[derive(Debug)]
pub(super) struct Freshness {
    lag: Duration,
    /// When the primary was queried, and its WAL position then, at least; oldest first, on one
    /// timeline.
    inserted: VecDeque<(Instant, Position)>,
}

/// A position in the WAL of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// The timeline. On another timeline, the same position has different contents.
    pub(super) timeline: String,
    pub(super) bytes: i64,
}

impl Freshness {
    pub(super) fn within(lag: Duration) -> Self {
        Self {
            lag,
            inserted: VecDeque::new(),
        }
    }

    /// Records the position that the primary reported when it was `queried`.
    pub(super) fn note(&mut self, queried: Instant, position: Position) {
        let same = |(_, earlier): &(Instant, Position)| earlier.timeline == position.timeline;
        if !self.inserted.back().is_some_and(same) {
            self.forget();
        }
        self.inserted.push_back((queried, position));
        let old = |at: Instant| queried.duration_since(at) > self.lag;
        while self.inserted.front().is_some_and(|(at, _)| old(*at)) {
            self.inserted.pop_front();
        }
    }

    /// Forgets the positions of the primary.
    pub(super) fn forget(&mut self) {
        self.inserted.clear();
    }

    /// Until when a standby that has replayed up to `position` is at most `lag` behind.
    pub(super) fn until(&self, position: &Position) -> Option<Instant> {
        let replayed = |(_, inserted): &&(Instant, Position)| {
            inserted.timeline == position.timeline && inserted.bytes <= position.bytes
        };
        let (queried, _) = self.inserted.iter().rev().find(replayed)?;
        queried.checked_add(self.lag)
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
    fn freshness_follows_the_last_position_reached() {
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
    fn old_position_proves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, at("1", 100));

        freshness.note(start + second * 11, at("1", 300));

        assert_eq!(freshness.until(&at("1", 100)), None);
    }

    #[test]
    fn position_of_another_timeline_proves_nothing() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut freshness = Freshness::within(second * 10);
        freshness.note(start, at("1", 100));

        freshness.note(start + second, at("2", 90));

        assert_eq!(freshness.until(&at("1", 5000)), None);
        assert_eq!(freshness.until(&at("2", 90)), Some(start + second * 11));
    }
}
