//! Statistics of a pool.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::telemetry;

/// A snapshot of a pool, and its totals since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// Open connections.
    pub size: u32,
    /// The maximum number of connections, including the burst.
    pub maximum: u32,
    /// Open connections that are not in use.
    pub idle: u32,
    /// Calls that hold a connection or are opening one.
    pub in_use: u32,
    /// Calls in the queue.
    pub waiting: u32,
    /// The call that has held its connection longest.
    pub longest_held: Option<HeldConnection>,
    /// Connections opened.
    pub opened: u64,
    /// Failed attempts to open a connection.
    pub connect_failures: u64,
    /// Connections closed, by reason.
    pub closed: ClosedConnections,
    /// Waits in the queue.
    pub waits: QueueWaits,
    /// Calls reported as leaks.
    pub leaks: u64,
}

impl PoolStatistics {
    /// [`in_use`](Self::in_use) as a percentage of [`maximum`](Self::maximum).
    #[must_use]
    pub fn usage_percent(&self) -> f64 {
        f64::from(self.in_use) * 100.0 / f64::from(self.maximum.max(1))
    }
}

/// A connection that a call holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldConnection {
    /// The operation of the call, such as `task_history.save`.
    pub operation: &'static str,
    /// How long the call has held the connection.
    pub held_for: Duration,
}

/// Closed connections, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClosedConnections {
    /// The pool did not need them.
    pub idle: u64,
    /// They were too old.
    pub lifetime: u64,
    /// The server or the network closed them, or they failed validation.
    pub broken: u64,
    /// Their call was dropped or interrupted while a statement was running.
    pub abandoned: u64,
    /// The pool was closed.
    pub pool_closed: u64,
}

/// Waits in the queue for connections, since the pool was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueWaits {
    /// Calls that had to wait.
    pub number: u64,
    /// Calls that timed out in the queue.
    pub timed_out: u64,
    /// The total wait of all calls.
    pub total: Duration,
    /// The longest wait of a call.
    pub longest: Duration,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CloseReason {
    Idle,
    Lifetime,
    Broken,
    Abandoned,
    PoolClosed,
}

/// Counts opened and closed connections.
#[derive(Debug, Default)]
pub(super) struct ConnectionCounter {
    opened: AtomicU64,
    connect_failures: AtomicU64,
    closed: [AtomicU64; 5],
}

impl ConnectionCounter {
    /// Counts an opened connection, and returns how many were opened before it.
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

/// Counts waits in the queue. Calls that do not wait are not counted, so the lock is cheap.
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
