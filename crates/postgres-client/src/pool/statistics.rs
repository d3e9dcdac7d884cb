//! What a pool tells of itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::telemetry;

/// A pool at one moment, and what it has done since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// How many connections are open.
    pub size: u32,
    /// How many may be open, the burst included.
    pub maximum: u32,
    /// How many are open and unused.
    pub idle: u32,
    /// How many calls have a connection, or a place and are getting one.
    pub in_use: u32,
    /// How many calls wait in the queue.
    pub waiting: u32,
    /// The call that has had its connection for the longest time.
    pub longest_held: Option<HeldConnection>,
    /// How many connections have been opened.
    pub opened: u64,
    /// How many could not be opened.
    pub connect_failures: u64,
    /// How many have been closed, and why.
    pub closed: ClosedConnections,
    /// How often and how long calls have waited in the queue.
    pub waits: QueueWaits,
    /// How many calls were reported as leaks.
    pub leaks: u64,
}

impl PoolStatistics {
    /// How much of the pool is in use, in percent of its maximum.
    #[must_use]
    pub fn usage_percent(&self) -> f64 {
        f64::from(self.in_use) * 100.0 / f64::from(self.maximum.max(1))
    }
}

/// A connection that a call has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldConnection {
    /// What the call does, as in `task_history.save`.
    pub operation: &'static str,
    /// For how long it has had it.
    pub held_for: Duration,
}

/// Connections that were closed, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClosedConnections {
    /// The pool could do without them.
    pub idle: u64,
    /// They were too old.
    pub lifetime: u64,
    /// The server or the network had ended them.
    pub broken: u64,
    /// A call was dropped while its statement ran.
    pub abandoned: u64,
    /// The pool was closed.
    pub pool_closed: u64,
}

/// The queue for connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueWaits {
    /// How many calls had to wait.
    pub number: u64,
    /// How many of them gave up after the time limit.
    pub timed_out: u64,
    /// How long they waited, all together.
    pub total: Duration,
    /// How long the one that waited longest did.
    pub longest: Duration,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    Idle,
    Lifetime,
    Broken,
    Abandoned,
    PoolClosed,
}

/// Counts connections that begin and end.
#[derive(Debug, Default)]
pub(super) struct ConnectionCounter {
    opened: AtomicU64,
    connect_failures: AtomicU64,
    closed: [AtomicU64; 5],
}

impl ConnectionCounter {
    /// Counts one that was opened, and tells how many were before.
    pub(super) fn opened(&self) -> u64 {
        self.opened.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn refused(&self) {
        self.connect_failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn closed(&self, reason: CloseReason) {
        self.of(reason).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fill(&self, statistics: &mut PoolStatistics) {
        let closed = |reason| self.of(reason).load(Ordering::Relaxed);
        statistics.opened = self.opened.load(Ordering::Relaxed);
        statistics.connect_failures = self.connect_failures.load(Ordering::Relaxed);
        statistics.closed = ClosedConnections {
            idle: closed(CloseReason::Idle),
            lifetime: closed(CloseReason::Lifetime),
            broken: closed(CloseReason::Broken),
            abandoned: closed(CloseReason::Abandoned),
            pool_closed: closed(CloseReason::PoolClosed),
        };
    }

    fn of(&self, reason: CloseReason) -> &AtomicU64 {
        let [idle, lifetime, broken, abandoned, pool_closed] = &self.closed;
        match reason {
            CloseReason::Idle => idle,
            CloseReason::Lifetime => lifetime,
            CloseReason::Broken => broken,
            CloseReason::Abandoned => abandoned,
            CloseReason::PoolClosed => pool_closed,
        }
    }
}

/// Counts waits in the queue. Calls that need not wait do not come here, so a lock costs nothing.
#[derive(Debug, Default)]
pub(super) struct WaitCounter(Mutex<QueueWaits>);

impl WaitCounter {
    pub(super) fn add(&self, waited: Duration, timed_out: bool) {
        telemetry::waited(waited);
        let mut waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waits.number += 1;
        waits.timed_out += u64::from(timed_out);
        waits.total = waits.total.saturating_add(waited);
        waits.longest = waits.longest.max(waited);
    }

    pub(super) fn read(&self) -> QueueWaits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
