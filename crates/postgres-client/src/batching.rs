//! Combines concurrent calls into few statements.
//!
//! A call is sent immediately, in its own statement, if no other call is in flight. Calls that
//! arrive while others are in flight are queued. As soon as one of a fixed number of batch permits
//! is free, the queued calls are sent together. There is no timer, so no call waits for others to
//! arrive. Each caller gets its own result.

mod aside;
mod batch_task;
mod bisection;
mod counter;
mod queued;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, Operation, RepositoryError, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use self::aside::Aside;
use self::batch_task::batch_task;
pub use self::bisection::Bisection;
pub use self::counter::BatchStatistics;
pub use self::counter::InFlight;
use self::counter::{Counter, QueuedGuard};
use self::queued::Queued;
use crate::error::{AcquireError, StoreError};
use crate::lock_wait::LockWait;
use crate::pool::Pool;

/// A kind of call that can share a statement with calls of the same kind.
pub trait Batchable: Sized + 'static {
    /// What a caller sends.
    type Request: Clone + Send + Sync + 'static;
    /// What a request is about: a task.
    type Key: Clone + Eq + Hash + fmt::Debug + Send + Sync + 'static;
    /// What a caller gets back.
    type Answer: Send + 'static;

    /// The name in errors and metrics.
    const OPERATION: Operation;
    /// The maximum number of requests in a statement.
    const MAX_REQUESTS: usize;
    /// The maximum size of the requests in a statement. A larger request is sent on its own.
    const MAX_BYTES: usize;

    /// The size of a request in the queue.
    fn size_bytes(request: &Self::Request) -> usize;

    /// The task of a request, which another transaction may have locked.
    fn key(request: &Self::Request) -> &Self::Key;

    /// Answers one request in its own statement, unless its task stays locked longer than
    /// [`LockWait::BRIEF`].
    fn single(
        pool: &Pool,
        request: &Self::Request,
    ) -> impl Future<Output = Sending<Self::Answer>> + Send;

    /// Answers several requests in one statement, in order, each as if it were sent on its own.
    /// Returns [`Sending::Blocked`] for those whose tasks stay locked longer than `wait`.
    fn batched(
        pool: &Pool,
        requests: &[Self::Request],
        wait: LockWait,
    ) -> impl Future<Output = Vec<Sending<Self::Answer>>> + Send;
}

/// The result of sending a request.
#[derive(Debug)]
pub enum Sending<A> {
    /// The request was answered.
    Answered(Result<A>),
    /// Nothing was done: another transaction has locked the task.
    Blocked,
}

/// The maximum size of queued and sent requests, in units of [`KIB`]. Further callers wait.
const QUEUE_CAPACITY_KIB: u32 = 64 << 10;

/// Request sizes are rounded up to KiB, to at least one.
const KIB: usize = 1 << 10;

/// Sends the calls of one kind, in batches where possible.
#[derive(Debug)]
pub struct Batcher<S: Batchable> {
    pool: Pool,
    queue: mpsc::UnboundedSender<Queued<S>>,
    /// Whether a call is being sent on its own.
    single_busy: AtomicBool,
    room: Arc<Semaphore>,
    counter: Arc<Counter>,
    aside: Arc<Aside<S>>,
}

/// Permission to send one call on its own.
struct SinglePermit<'g>(&'g AtomicBool);

impl Drop for SinglePermit<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<S: Batchable> Batcher<S> {
    /// Starts a batcher that sends up to `statements` batches at once.
    ///
    /// Must be called on a tokio runtime, which runs the batches.
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

    /// Answers a request, on its own or in a batch.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`], as if the request were sent on its own. In addition
    /// [`Contention`](ErrorKind::Contention) if the queue stays full until the acquire timeout.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the request is either applied or not, and other requests are
    /// unaffected. If the callers of all requests in a statement have gone, the statement is
    /// cancelled.
    pub async fn call(&self, request: &S::Request) -> Result<S::Answer> {
        if self.pool.runtime_has_ended() {
            return Err(refused::<S>(AcquireError::RuntimeEnded));
        }
        let (task, wait) = (S::key(request), self.pool.lock_wait());
        if !self.aside.has(task)
            && let Some(_permit) = self.try_single()
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
        // Closing the pool waits for the entire capacity, and so for this request.
        if !self.pool.is_open() || self.queue.send(queued).is_err() {
            return Err(refused::<S>(AcquireError::Closed));
        }
        answered.await.unwrap_or_else(|_gone| {
            let error = RepositoryError::new(S::OPERATION, ErrorKind::Closed, Effect::Unknown);
            Err(error.with_source(AcquireError::RuntimeEnded))
        })
    }

    /// Permission to send a call on its own, if no other call is in flight. It does not take a
    /// batch permit: a caller that stops polling its future must not delay others. The pool checks
    /// whether it is closed.
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

    /// The calls that are queued or in flight.
    pub fn under_way(&self) -> InFlight {
        self.counter.under_way()
    }

    /// Waits until all calls are done, for at most `deadline`. Call it after draining the pool,
    /// which stops new calls.
    pub async fn flush(&self, deadline: Duration) {
        let flushed = timeout(deadline, self.room.acquire_many(QUEUE_CAPACITY_KIB)).await;
        tracing::debug!(operation = %S::OPERATION, all = flushed.is_ok(), "flushed queued calls");
    }

    /// The current state of the batcher, and its totals since it was started.
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

/// The error of a caller whose lock timeout has expired.
fn refused_by_lock<S: Batchable>(waited: Duration) -> RepositoryError {
    StoreError::Locked { waited }.during(S::OPERATION)
}

fn refused<S: Batchable>(error: AcquireError) -> RepositoryError {
    StoreError::Acquire(error).during(S::OPERATION)
}
