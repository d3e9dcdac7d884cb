//! Calls of many callers in few statements.
//!
//! A caller who is alone goes at once, by itself. Calls that arrive while others are on their way to the
//! server wait in a queue, and go together when one of a few statements is free: no timer, so nobody waits
//! for company. Each caller gets its own answer.

mod aside;
mod batch_task;
mod counter;
mod parts;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use self::aside::Aside;
use self::batch_task::{Queued, batch_task};
pub use self::counter::BatchStatistics;
pub use self::counter::InFlight;
use self::counter::{Counter, QueuedGuard};
pub use self::parts::Parts;
use crate::error::{AcquireError, StoreError};
use crate::lock_wait::LockWait;
use crate::pool::Pool;

/// A kind of call that can share statements with others of its kind.
pub trait Batchable: Sized + 'static {
    /// What a caller asks for.
    type Request: Clone + Send + Sync + 'static;
    /// What requests are about.
    type Key: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static;
    /// What a caller gets.
    type Answer: Send + 'static;

    /// Its name in errors and metrics.
    const OPERATION: Operation;
    /// How many requests one statement carries at most.
    const MAX_REQUESTS: usize;
    /// How many bytes of requests one statement carries at most, unless a single one has more.
    const MAX_BYTES: usize;

    /// The size of a request in the queue.
    fn size_bytes(request: &Self::Request) -> usize;

    /// What a request is about: the row that another transaction may keep locked.
    fn key(request: &Self::Request) -> &Self::Key;

    /// Answers a request by itself, unless its task is locked for longer than it takes others to save.
    fn single(
        pool: &Pool,
        request: &Self::Request,
    ) -> impl Future<Output = Sending<Self::Answer>> + Send;

    /// Answers requests together, each as if it were alone, in their order: those whose tasks are not
    /// locked for so long.
    fn batched(
        pool: &Pool,
        requests: &[Self::Request],
        wait: LockWait,
    ) -> impl Future<Output = Vec<Sending<Self::Answer>>> + Send;
}

/// What became of a request that was sent.
#[derive(Debug)]
pub enum Sending<A> {
    /// It was answered.
    Answered(Result<A>),
    /// Nothing: another transaction keeps its task locked.
    Blocked,
}

/// How much may wait in the queue or be under way, in units of [`KIB`]: callers beyond that wait for room.
const QUEUE_CAPACITY_KIB: u32 = 64 << 10;

/// The room that a request takes is counted in KiB, one at least.
const KIB: usize = 1 << 10;

/// The way to the server that calls of a kind share.
#[derive(Debug)]
pub struct Batcher<S: Batchable> {
    pool: Pool,
    queue: mpsc::UnboundedSender<Queued<S>>,
    /// Whether a caller is on the way alone.
    single_busy: AtomicBool,
    room: Arc<Semaphore>,
    counter: Arc<Counter>,
    aside: Arc<Aside<S>>,
}

/// The right of a caller to go alone.
struct SinglePermit<'g>(&'g AtomicBool);

impl Drop for SinglePermit<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<S: Batchable> Batcher<S> {
    /// Begins to take calls, for as many statements at once.
    #[must_use]
    pub fn start(pool: Pool, statements: u32) -> Self {
        let statements = usize::try_from(statements).unwrap_or(Semaphore::MAX_PERMITS);
        let (queue, requests) = mpsc::unbounded_channel();
        let counter = Arc::<Counter>::default();
        let batching = Self {
            single_busy: AtomicBool::new(false),
            room: Arc::new(Semaphore::new(
                usize::try_from(QUEUE_CAPACITY_KIB).unwrap_or(usize::MAX),
            )),
            aside: Aside::new(pool.clone(), Arc::clone(&counter)),
            counter,
            pool: pool.clone(),
            queue,
        };
        tokio::spawn(batch_task(
            requests,
            Arc::new(Semaphore::new(statements)),
            pool,
            Arc::clone(&batching.counter),
            Arc::clone(&batching.aside),
        ));
        batching
    }

    /// Answers a request, alone or with others.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`], as if the request were sent on its own.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the request done or not, and the others alone. Where nobody waits for
    /// any answer of a statement any more, the statement is cancelled.
    pub async fn call(&self, request: &S::Request) -> Result<S::Answer> {
        if self.pool.runtime_has_ended() {
            return Err(refused::<S>(AcquireError::RuntimeEnded));
        }
        let (task, wait) = (S::key(request), self.pool.lock_wait());
        if !self.aside.has(task)
            && let Some(_alone) = self.try_single()
        {
            self.counter.count_single();
            match S::single(&self.pool, request).await {
                Sending::Answered(answer) => return answer,
                Sending::Blocked => self.aside.begin(task),
            }
        }
        let size_bytes = S::size_bytes(request);
        let room = self.reserve(size_bytes).await.map_err(refused::<S>)?;
        let (answer, answered) = oneshot::channel();
        let queued = Queued {
            request: request.clone(),
            size_bytes,
            answer,
            _guard: QueuedGuard::taken(&self.counter, room),
            wait,
        };
        // Whoever closes the pool waits for all of the room, and so for this request.
        if !self.pool.is_open() || self.queue.send(queued).is_err() {
            return Err(refused::<S>(AcquireError::Closed));
        }
        answered.await.unwrap_or_else(|_gone| {
            let error = RepositoryError::new(S::OPERATION, ErrorKind::Closed, Effect::Unknown);
            Err(error.with_source(AcquireError::RuntimeEnded))
        })
    }

    /// The right to go alone, if nobody else is on the way. That is none of the statements: who comes later
    /// must not wait for a caller who may not poll his future. The pool tells whether it was closed.
    fn try_single(&self) -> Option<SinglePermit<'_>> {
        if self.counter.under_way().calls > 0 {
            return None;
        }
        let taken = self.single_busy.swap(true, Ordering::AcqRel);
        (!taken).then(|| SinglePermit(&self.single_busy))
    }

    async fn reserve(
        &self,
        size_bytes: usize,
    ) -> std::result::Result<OwnedSemaphorePermit, AcquireError> {
        let units = size_bytes.div_ceil(KIB).max(1);
        let units = u32::try_from(units)
            .unwrap_or(QUEUE_CAPACITY_KIB)
            .min(QUEUE_CAPACITY_KIB);
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        let acquire_timeout = self.pool.acquire_timeout();
        tokio::select! {
            biased;
            () = self.pool.draining() => Err(AcquireError::Closed),
            room = timeout(acquire_timeout, room) => match room {
                Ok(Ok(room)) => Ok(room),
                Ok(Err(_closed)) => Err(AcquireError::Closed),
                Err(_elapsed) => Err(AcquireError::Queue {
                    waited: acquire_timeout,
                    ahead: self.counter.under_way().calls,
                }),
            },
        }
    }

    /// The calls that are in the queue or on their way.
    pub fn under_way(&self) -> InFlight {
        self.counter.under_way()
    }

    /// Waits until the calls under way are done, until `deadline` at most, once the pool is drained and
    /// takes no more.
    pub async fn flush(&self, deadline: Duration) {
        let flushed = timeout(deadline, self.room.acquire_many(QUEUE_CAPACITY_KIB)).await;
        tracing::debug!(operation = %S::OPERATION, all = flushed.is_ok(), "flushed the calls");
    }

    /// What became of the calls so far.
    #[must_use]
    pub fn statistics(&self) -> BatchStatistics {
        let (tasks, calls) = self.aside.numbers();
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        BatchStatistics {
            tasks_aside: count(tasks),
            waiting_aside: count(calls),
            ..self.counter.statistics(S::OPERATION)
        }
    }
}

/// The answer to a caller who has waited for a lock for as long as it may.
fn refused_by_lock<S: Batchable>(waited: Duration) -> RepositoryError {
    StoreError::Locked { waited }.during(S::OPERATION)
}

fn refused<S: Batchable>(error: AcquireError) -> RepositoryError {
    StoreError::Acquire(error).during(S::OPERATION)
}
