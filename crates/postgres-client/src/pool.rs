//! The pool. bb8 stays behind this module.
//!
//! bb8 keeps the connections and opens them on demand. Around it stand a [`Gate`], which serves waiting
//! callers in order and tells how long they wait, [`Lease`]s, which never hand a busy connection on, and
//! the [`upkeep`], which gives back what the pool can do without, and the [`refill`], which keeps the minimum.

mod demand;
mod doubt;
mod failures;
mod gate;
mod lease;
mod leases;
mod lifecycle;
mod manager;
mod refill;
mod statistics;
mod upkeep;
mod writes;

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tasktrail_domain::repository::{Closing, Operation};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

use self::demand::Demand;
use self::doubt::Doubt;
use self::failures::Failures;
use self::gate::{Call, Gate};
pub use self::lease::Lease;
use self::leases::Leases;
use self::lifecycle::Lifecycle;
use self::manager::Manager;
pub use self::manager::OpenError;
use self::statistics::{CloseReason, ConnectionCounter};
pub use self::statistics::{ClosedConnections, HeldConnection, PoolStatistics, QueueWaits};
use crate::connection::Connector;
use crate::error::{AcquireError, ConnectError, StoreError};
use crate::lock_wait::{LockWait, waiting_connections};
use crate::work::Work;

/// How long calls that were ended may take to notice, and cancels to arrive.
const NOTICE: Duration = Duration::from_secs(1);

/// The connections of a database. Clones share them, and a close.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    /// `None` once it was closed.
    connections: RwLock<Option<bb8::Pool<Manager>>>,
    gate: Gate,
    leases: Leases,
    /// Statements of dropped calls that are being cancelled.
    cancels: TaskTracker,
    /// For those who wait for locks.
    lock_waiters: Semaphore,
    lifecycle: Lifecycle,
    failures: Failures,
    counter: Arc<ConnectionCounter>,
    doubt: Arc<Doubt>,
    connector: Connector,
    /// What runs until the pool is closed, or its runtime ends.
    upkeep: OnceLock<AbortHandle>,
}

impl Pool {
    /// Opens the minimum number of connections, one at least, so that a wrong address or password
    /// is told at once.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if no connection can be opened.
    pub async fn open(connector: Connector) -> Result<Self, ConnectError> {
        let config = connector.config();
        let (failures, counter) = (Failures::default(), Arc::<ConnectionCounter>::default());
        let doubt = Arc::<Doubt>::default();
        let manager = Manager::new(connector.clone(), Arc::clone(&counter), Arc::clone(&doubt));
        let connections = bb8::Pool::builder()
            .max_size(config.most_connections().get())
            // The gate bounds the waiting; what is left is the opening of a connection.
            .connection_timeout(
                config
                    .connect_timeout
                    .saturating_add(config.acquire_timeout),
            )
            // The upkeep closes what is idle, the manager what is old.
            .idle_timeout(None)
            .max_lifetime(None)
            .retry_connection(false)
            .error_sink(Box::new(failures.clone()))
            .build_unchecked(manager);
        let first = (0..config.min_connections.max(1)).map(|_| connections.dedicated_connection());
        let first = try_join_all(first)
            .await
            .map_err(|error| ConnectError::new(config.address().to_owned(), error.into()))?;
        for connection in first {
            // One that ended at once is opened again when it is needed.
            let _broken = connections.add(connection);
        }
        let demand = Demand::new(config);
        let shared = Arc::new(Shared {
            connections: RwLock::new(Some(connections)),
            gate: Gate::new(config.most_connections()),
            leases: Leases::default(),
            cancels: TaskTracker::new(),
            lock_waiters: Semaphore::new(waiting_connections(config.most_connections().get())),
            lifecycle: Lifecycle::default(),
            failures,
            counter,
            doubt,
            connector,
            upkeep: OnceLock::new(),
        });
        let upkeep = tokio::spawn(upkeep::run(Arc::downgrade(&shared), demand));
        let _first = shared.upkeep.set(upkeep.abort_handle());
        tokio::spawn(refill::run(Arc::downgrade(&shared)));
        Ok(Self(shared))
    }

    /// Does `work` on a connection, which it gets in the order of the calls.
    ///
    /// Dropping the future gives up the place in the queue, or cancels the statement.
    ///
    /// # Errors
    ///
    /// [`StoreError`]
    pub async fn run<W: Work>(&self, work: &W) -> Result<W::Answer, StoreError> {
        let lease = self.acquire(W::OPERATION, Call::New).await;
        lease.map_err(StoreError::Acquire)?.run(work).await
    }

    /// The same for calls that have begun already, which a close lets finish.
    ///
    /// # Errors
    ///
    /// [`StoreError`]
    pub async fn go_on<W: Work>(&self, work: &W) -> Result<W::Answer, StoreError> {
        let lease = self.acquire(W::OPERATION, Call::Begun).await;
        lease.map_err(StoreError::Acquire)?.run(work).await
    }

    async fn acquire(&self, operation: Operation, call: Call) -> Result<Lease, AcquireError> {
        let shared = &self.0;
        let connections = shared.connections().ok_or(AcquireError::Closed)?;
        if self.runtime_has_ended() {
            return Err(AcquireError::RuntimeEnded);
        }
        let config = shared.connector.config();
        let patience = config.acquire_timeout;
        let pass = shared.gate.enter(patience, &shared.lifecycle, call).await?;
        let entry = shared.leases.begin(operation);
        let mut failures = shared.failures.watch();
        let mut failed = None;
        let getting = connections.get_owned();
        tokio::pin!(getting);
        let enough = tokio::time::sleep(patience);
        tokio::pin!(enough);
        let timed_out = |cause| AcquireError::TimedOut {
            waited: patience,
            cause,
        };
        loop {
            tokio::select! {
                biased;
                got = &mut getting => {
                    let mut connection = got.map_err(|_elapsed| timed_out(failed.clone()))?;
                    if !connection.is_to_be_trusted(&shared.doubt).await {
                        drop(connection);
                        getting.set(connections.get_owned());
                        continue;
                    }
                    return Ok(Lease::new(connection, operation, Arc::clone(shared), (entry, pass)));
                }
                error = failures.next() => {
                    if connections.state().connections == 0 {
                        return Err(AcquireError::Connect(error));
                    }
                    // bb8 does not open another one, but one of those that are alive may be free soon.
                    failed = Some(error);
                }
                () = &mut enough, if failed.is_some() => return Err(timed_out(failed)),
                () = shared.lifecycle.ended() => return Err(AcquireError::Closed),
            }
        }
    }

    /// Whether the runtime is gone on which the pool was opened. Its connections and what is shared among
    /// callers lived on it.
    pub fn runtime_has_ended(&self) -> bool {
        let upkeep = self.0.upkeep.get();
        self.is_open() && upkeep.is_some_and(AbortHandle::is_finished)
    }

    /// Whether calls may begin.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lifecycle.is_open()
    }

    /// Waits until no more calls may begin.
    pub async fn draining(&self) {
        self.0.lifecycle.draining().await;
    }

    /// How long a write that begins now waits for rows that are locked.
    #[must_use]
    pub fn lock_wait(&self) -> LockWait {
        LockWait::of_call(self.0.connector.config().lock_timeout)
    }

    /// How long a caller waits for its turn.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.0.connector.config().acquire_timeout
    }

    /// Lets no more calls begin. Those who wait are refused, those under way go on: tells how many.
    #[must_use]
    pub fn drain(&self) -> u32 {
        self.0.lifecycle.drain();
        self.0.leases.number()
    }

    /// Lends no more connections, also to those who wait. Lets the calls that have one finish until
    /// `deadline`, then ends them.
    pub async fn close(&self, deadline: Duration) -> Closing {
        let (shared, began) = (&self.0, Instant::now());
        let under_way = self.drain();
        let in_time = timeout(deadline, shared.gate.everybody_back()).await;
        if in_time.is_err() {
            shared.lifecycle.end();
            // A call that nobody polls does not notice; its connection ends when it is dropped.
            let _unnoticed = timeout(NOTICE, shared.gate.everybody_back()).await;
        }
        // Who ends the process now should not leave statements running on the server.
        shared.cancels.close();
        let _unreachable = timeout(NOTICE, shared.cancels.wait()).await;
        shared.forget_connections();
        let cancelled = shared.leases.take_interrupted();
        Closing {
            finished: under_way.saturating_sub(cancelled),
            cancelled,
            refused: shared.gate.take_refused(),
            took: began.elapsed(),
        }
    }

    /// Its state now, and what it has done.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        let shared = &self.0;
        let state = shared.connections().map(|connections| connections.state());
        let mut statistics = PoolStatistics {
            size: state.as_ref().map_or(0, |state| state.connections),
            maximum: shared.connector.config().most_connections().get(),
            idle: state.as_ref().map_or(0, |state| state.idle_connections),
            in_use: shared.leases.number(),
            waiting: shared.gate.waiting(),
            longest_held: shared.leases.longest(),
            leaks: shared.leases.leaks(),
            waits: shared.gate.waits().read(),
            ..PoolStatistics::default()
        };
        shared.counter.fill(&mut statistics);
        statistics
    }
}

impl Shared {
    fn connections(&self) -> Option<bb8::Pool<Manager>> {
        self.connections
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The idle ones end now, the others with the call that has them.
    fn forget_connections(&self) {
        let connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Calls have shares of bb8's pool, so it may outlive this.
        while let Some(Ok(mut idle)) = connections.as_ref().and_then(one_idle) {
            idle.end(CloseReason::PoolClosed);
        }
    }
}

/// A connection that nobody uses, if there is one: looked at as if it was to be lent.
fn one_idle(
    connections: &bb8::Pool<Manager>,
) -> Option<Result<bb8::PooledConnection<'_, Manager>, bb8::RunError<OpenError>>> {
    if connections.state().idle_connections == 0 {
        return None;
    }
    connections.get().now_or_never()
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.statistics();
        f.debug_struct("Pool")
            .field("address", &self.0.connector.config().address())
            .field("size", &statistics.size)
            .field("idle", &statistics.idle)
            .field("waiting", &statistics.waiting)
            .finish_non_exhaustive()
    }
}
