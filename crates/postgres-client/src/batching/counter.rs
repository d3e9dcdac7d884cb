use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tasktrail_domain::repository::Operation;
use tokio::sync::OwnedSemaphorePermit;

/// The calls of one kind, counted.
#[derive(Debug, Default)]
pub(super) struct Counter {
    calls: AtomicU32,
    statements: AtomicU32,
    single: AtomicU64,
    batched: AtomicU64,
    statements_sent: AtomicU64,
}

/// The calls that are in the queue or on their way together.
#[derive(Debug, Clone, Copy, Default)]
pub struct InFlight {
    /// The calls, queued or carried by a statement.
    pub calls: u32,
    /// The statements that carry some of them: each has a connection, or is getting one.
    pub statements: u32,
}

/// What became of the calls of one kind, which can share statements, since the database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStatistics {
    /// What the calls do, as in `task_history.save`.
    pub operation: &'static str,
    /// How many are in the queue or on their way together.
    pub under_way: u32,
    /// How many went by themselves, because nobody else was calling.
    pub single: u64,
    /// How many went together with others, or waited for their turn.
    pub batched: u64,
    /// In how many statements those went.
    pub statements: u64,
    /// How many tasks are set aside, because another transaction keeps them locked: calls for them share
    /// no statement with others.
    pub tasks_aside: u32,
    /// How many calls wait for these tasks. They are among those under way.
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

/// A place among the calls that are under way.
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

/// A statement that is under way, also when its task panics.
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
