use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tasktrail_domain::repository::Operation;
use tokio::sync::OwnedSemaphorePermit;

/// Counts the calls of one kind.
#[derive(Debug, Default)]
pub(super) struct Counter {
    calls: AtomicU32,
    statements: AtomicU32,
    single: AtomicU64,
    batched: AtomicU64,
    statements_sent: AtomicU64,
}

/// The calls that are queued or in flight, and the batches that carry them.
#[derive(Debug, Clone, Copy, Default)]
pub struct InFlight {
    /// Calls, queued or in a batch.
    pub calls: u32,
    /// Batches in flight. Each has a connection, or waits for one.
    pub statements: u32,
}

/// A snapshot of the calls of one kind that can share statements, and their totals since the
/// database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStatistics {
    /// The operation of the calls, such as `task_history.save`.
    pub operation: &'static str,
    /// Calls that are queued or in a batch.
    pub under_way: u32,
    /// Calls sent in their own statement, because no other call was in flight.
    pub single: u64,
    /// Calls sent in a batch.
    pub batched: u64,
    /// Batches sent.
    pub statements: u64,
    /// Tasks that are set aside because another transaction has locked them. Their calls are not
    /// batched with calls for other tasks.
    pub tasks_aside: u32,
    /// Calls that wait for these tasks. They are included in [`under_way`](Self::under_way).
    pub waiting_aside: u32,
}

impl Counter {
    pub(super) fn count_single(&self) {
        self.single.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_batched(&self, calls: u64) {
        self.batched.fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn under_way(&self) -> InFlight {
        InFlight {
            calls: self.calls.load(Ordering::Relaxed),
            statements: self.statements.load(Ordering::Relaxed),
        }
    }

    pub(super) fn statistics(&self, operation: Operation) -> BatchStatistics {
        BatchStatistics {
            operation: operation.name(),
            under_way: self.calls.load(Ordering::Relaxed),
            single: self.single.load(Ordering::Relaxed),
            batched: self.batched.load(Ordering::Relaxed),
            statements: self.statements_sent.load(Ordering::Relaxed),
            tasks_aside: 0,
            waiting_aside: 0,
        }
    }
}

/// Counts a queued call until it is dropped, and holds its share of the queue capacity.
pub(super) struct QueuedGuard {
    counter: Arc<Counter>,
    _room: OwnedSemaphorePermit,
}

impl QueuedGuard {
    pub(super) fn taken(counter: &Arc<Counter>, room: OwnedSemaphorePermit) -> Self {
        counter.calls.fetch_add(1, Ordering::Relaxed);
        Self {
            counter: Arc::clone(counter),
            _room: room,
        }
    }
}

impl Drop for QueuedGuard {
    fn drop(&mut self) {
        self.counter.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a statement in flight until it is dropped, even if its task panics.
pub(super) struct InFlightGuard(Arc<Counter>);

impl InFlightGuard {
    pub(super) fn with(calls: usize, counter: Arc<Counter>) -> Self {
        counter.statements.fetch_add(1, Ordering::Relaxed);
        counter.statements_sent.fetch_add(1, Ordering::Relaxed);
        let calls = u64::try_from(calls).unwrap_or(u64::MAX);
        counter.count_batched(calls);
        Self(counter)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.statements.fetch_sub(1, Ordering::Relaxed);
    }
}
