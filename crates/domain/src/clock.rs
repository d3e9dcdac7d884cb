//! Where instants come from: the only place of the workspace that reads the system's clock.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::timestamp::Timestamp;

/// Tells the time. An argument wherever time is needed, so that tests decide what time it is.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place that reads the system's clock"
        )]
        let now = std::time::SystemTime::now();
        let epoch = Timestamp::default();
        match now.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => epoch.saturating_add(since),
            Err(before) => epoch.saturating_sub(before.duration()),
        }
    }
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `instant`.
    #[must_use]
    pub fn at(instant: Timestamp) -> Self {
        Self(AtomicI64::new(instant.as_micros()))
    }

    /// Moves the clock forward and returns the new instant.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let later = self.now().saturating_add(by);
        self.0.store(later.as_micros(), Ordering::SeqCst);
        later
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}
