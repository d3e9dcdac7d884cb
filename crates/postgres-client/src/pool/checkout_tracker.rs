use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tasktrail_domain::repository::Operation;
use tokio::time::Instant;

use super::statistics::HeldConnection;

/// Tracks which operations hold a connection, and since when.
#[derive(Debug, Clone, Default)]
pub(super) struct CheckoutTracker(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By sequence number, so the oldest comes first.
    held: BTreeMap<u64, Held>,
    next: u64,
    /// The most that were held at once since the peak was last read.
    peak: usize,
    leaks: u64,
    /// How many calls a close has interrupted.
    interrupted: u32,
}

#[derive(Debug)]
struct Held {
    operation: Operation,
    since: Instant,
    reported: bool,
}

impl CheckoutTracker {
    /// Records that `operation` holds a connection until the guard is dropped.
    pub(super) fn begin(&self, operation: Operation) -> CheckoutGuard {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        let held = Held {
            operation,
            since: Instant::now(),
            reported: false,
        };
        state.held.insert(number, held);
        state.peak = state.peak.max(state.held.len());
        CheckoutGuard {
            checkouts: self.clone(),
            number,
        }
    }

    pub(super) fn number(&self) -> u32 {
        count(self.state().held.len())
    }

    /// The most that were held at once since the last call of this method.
    pub(super) fn take_peak(&self) -> u32 {
        let mut state = self.state();
        let now = state.held.len();
        count(mem::replace(&mut state.peak, now))
    }

    pub(super) fn longest(&self) -> Option<HeldConnection> {
        let state = self.state();
        let (_number, held) = state.held.first_key_value()?;
        Some(held.describe())
    }

    /// Operations that have held their connection longer than `threshold`, each reported once.
    pub(super) fn overdue(&self, threshold: Duration) -> Vec<HeldConnection> {
        let mut state = self.state();
        let overdue: Vec<_> = state
            .held
            .values_mut()
            .take_while(|held| held.since.elapsed() > threshold)
            .filter_map(|held| {
                let reported = mem::replace(&mut held.reported, true);
                (!reported).then(|| held.describe())
            })
            .collect();
        state.leaks += u64::from(count(overdue.len()));
        overdue
    }

    /// Records that a close interrupted a call.
    pub(super) fn interrupt(&self) {
        self.state().interrupted += 1;
    }

    /// How many calls a close has interrupted since the last call of this method.
    pub(super) fn take_interrupted(&self) -> u32 {
        mem::take(&mut self.state().interrupted)
    }

    /// How many operations have been overdue.
    pub(super) fn leaks(&self) -> u64 {
        self.state().leaks
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn describe(&self) -> HeldConnection {
        HeldConnection {
            operation: self.operation.name(),
            held_for: self.since.elapsed(),
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The record of one checkout. Dropping it removes the record.
#[derive(Debug)]
pub(super) struct CheckoutGuard {
    checkouts: CheckoutTracker,
    number: u64,
}

impl Drop for CheckoutGuard {
    fn drop(&mut self) {
        self.checkouts.state().held.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVE: Operation = Operation::idempotent("test.save");
    const LIST: Operation = Operation::idempotent("test.list");

    #[tokio::test(start_paused = true)]
    async fn overdue_checkout_is_reported_once_with_its_operation() {
        let checkouts = CheckoutTracker::default();
        let threshold = Duration::from_secs(60);
        let save = checkouts.begin(SAVE);
        tokio::time::advance(Duration::from_secs(50)).await;
        let _list = checkouts.begin(LIST);
        tokio::time::advance(Duration::from_secs(20)).await;

        let overdue = checkouts.overdue(threshold);

        let save_held = HeldConnection {
            operation: "test.save",
            held_for: Duration::from_secs(70),
        };
        assert_eq!(checkouts.longest(), Some(save_held.clone()));
        assert_eq!(overdue, [save_held]);
        assert_eq!(checkouts.overdue(threshold), []);
        drop(save);
        assert_eq!(checkouts.longest().unwrap().operation, "test.list");
        assert_eq!(checkouts.leaks(), 1);
    }

    #[tokio::test]
    async fn peak_covers_the_time_since_the_last_read() {
        let checkouts = CheckoutTracker::default();
        let (one, two) = (checkouts.begin(SAVE), checkouts.begin(SAVE));
        drop(two);

        assert_eq!(checkouts.number(), 1);
        assert_eq!(checkouts.take_peak(), 2);
        assert_eq!(checkouts.take_peak(), 1);
        drop(one);
        assert_eq!(checkouts.take_peak(), 1);
        assert_eq!(checkouts.take_peak(), 0);
    }
}
