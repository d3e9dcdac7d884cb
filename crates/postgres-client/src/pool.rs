//! A bounded pool of connections. bb8 is an implementation detail of this module.
//!
//! bb8 keeps the connections and opens them on demand. This module adds an `AcquireQueue`, which
//! serves callers in order and bounds their wait; a `Checkout`, which never returns a busy
//! connection to the pool; the `maintenance` task, which closes surplus connections; and the
//! `replenish` task, which keeps the minimum open.

mod acquire_queue;
mod checkout;
mod checkout_tracker;
mod closing;
mod connect_errors;
mod demand;
mod lifecycle;
mod maintenance;
mod manager;
mod replenish;
mod statistics;
mod transaction;
mod validation;
mod writes;

use std::fmt;
use std::iter;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use tasktrail_domain::repository::Operation;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use self::acquire_queue::{AcquireQueue, CallState};
pub use self::checkout::Checkout;
use self::checkout_tracker::CheckoutTracker;
use self::connect_errors::ConnectErrors;
use self::demand::Demand;
use self::lifecycle::Lifecycle;
use self::manager::Manager;
use self::statistics::ConnectionCounter;
pub use self::statistics::{ClosedConnections, HeldConnection, PoolStatistics, QueueWaits};
pub use self::transaction::PoolTransaction;
use self::validation::ConnectionValidator;
use crate::connection::Connector;
use crate::error::{AcquireError, ConnectError, OpenError, StoreError};
use crate::lock_wait::{LockWait, waiting_connections};
use crate::pg_operation::PgOperation;

/// A pool of connections to a database. Clones share the connections and are closed together.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    /// `None` once the pool is closed.
    connections: RwLock<Option<bb8::Pool<Manager>>>,
    acquire_queue: AcquireQueue,
    checkouts: CheckoutTracker,
    /// Running cancel requests for statements of dropped calls.
    cancels: TaskTracker,
    /// Permits for calls that hold a connection while they wait for a lock.
    lock_waiters: Semaphore,
    lifecycle: Lifecycle,
    connect_errors: ConnectErrors,
    counter: Arc<ConnectionCounter>,
    validator: Arc<ConnectionValidator>,
    connector: Connector,
    /// The maintenance task. It runs until the pool is closed or its runtime shuts down.
    maintenance: OnceLock<AbortHandle>,
}

impl Pool {
    /// Opens the minimum number of connections, and at least one, so that a wrong address or
    /// password is reported immediately.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] if a connection cannot be opened.
    pub async fn open(connector: Connector) -> Result<Self, ConnectError> {
        let config = connector.config();
        let (connect_errors, counter) = (
            ConnectErrors::default(),
            Arc::<ConnectionCounter>::default(),
        );
        let validator = Arc::<ConnectionValidator>::default();
        let manager = Manager::new(
            connector.clone(),
            Arc::clone(&counter),
            Arc::clone(&validator),
        );
        let connections = bb8::Pool::builder()
            .max_size(config.hard_limit().get())
            // The acquire queue bounds the wait for a free connection. This bounds opening one.
            .connection_timeout(
                config
                    .connect_timeout
                    .saturating_add(config.acquire_timeout),
            )
            // The maintenance task closes idle connections, and the manager those that are too old.
            .idle_timeout(None)
            .max_lifetime(None)
            .retry_connection(false)
            .error_sink(Box::new(connect_errors.clone()))
            .build_unchecked(manager);
        let failed =
            |error: OpenError| ConnectError::new(config.address().to_owned(), error.into());
        // The first one alone, so that a wrong password is one failed login and one line of the
        // log.
        let first = connections.dedicated_connection().await.map_err(failed)?;
        let others = (1..config.min_connections).map(|_| connections.dedicated_connection());
        let others = try_join_all(others).await.map_err(failed)?;
        for connection in iter::once(first).chain(others) {
            // A connection that has already failed is replaced when one is needed.
            let _broken = connections.add(connection);
        }
        let demand = Demand::new(config);
        let shared = Arc::new(Shared {
            connections: RwLock::new(Some(connections)),
            acquire_queue: AcquireQueue::new(config.hard_limit()),
            checkouts: CheckoutTracker::default(),
            cancels: TaskTracker::new(),
            lock_waiters: Semaphore::new(waiting_connections(config.hard_limit().get())),
            lifecycle: Lifecycle::default(),
            connect_errors,
            counter,
            validator,
            connector,
            maintenance: OnceLock::new(),
        });
        let maintenance = tokio::spawn(maintenance::run(Arc::downgrade(&shared), demand));
        let _first = shared.maintenance.set(maintenance.abort_handle());
        tokio::spawn(replenish::run(Arc::downgrade(&shared)));
        Ok(Self(shared))
    }

    /// Runs an operation on a connection. Calls get connections in the order in which they arrive.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call gets no connection, or the operation fails.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue, or cancels the running statement on the server.
    pub async fn run<W: PgOperation>(&self, work: &W) -> Result<W::Output, StoreError> {
        let checkout = self.acquire(W::OPERATION, CallState::New).await;
        checkout.map_err(StoreError::Acquire)?.run(work).await
    }

    /// Runs an operation of a call that has already started, which [`close`](Self::close) lets
    /// finish.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call gets no connection, or the operation fails.
    pub async fn run_started<W: PgOperation>(&self, work: &W) -> Result<W::Output, StoreError> {
        let checkout = self.acquire(W::OPERATION, CallState::Started).await;
        checkout.map_err(StoreError::Acquire)?.run(work).await
    }

    async fn acquire(
        &self,
        operation: Operation,
        call: CallState,
    ) -> Result<Checkout, AcquireError> {
        let shared = &self.0;
        let connections = shared.connections().ok_or(AcquireError::Closed)?;
        if self.runtime_has_ended() {
            return Err(AcquireError::RuntimeEnded);
        }
        let config = shared.connector.config();
        let acquire_timeout = config.acquire_timeout;
        let permit = shared
            .acquire_queue
            .acquire(acquire_timeout, &shared.lifecycle, call)
            .await?;
        let guard = shared.checkouts.begin(operation);
        let mut connect_errors = shared.connect_errors.watch();
        let mut failed = None;
        let connecting = connections.get_owned();
        tokio::pin!(connecting);
        let acquire_deadline = tokio::time::sleep(acquire_timeout);
        tokio::pin!(acquire_deadline);
        let timed_out = |cause| AcquireError::TimedOut {
            waited: acquire_timeout,
            cause,
        };
        loop {
            tokio::select! {
                biased;
                got = &mut connecting => {
                    let mut connection = got.map_err(|_elapsed| timed_out(failed.clone()))?;
                    if !connection.validate(&shared.validator).await {
                        drop(connection);
                        connecting.set(connections.get_owned());
                        continue;
                    }
                    return Ok(Checkout::new(connection, operation, Arc::clone(shared), (guard, permit)));
                }
                error = connect_errors.next() => {
                    if connections.state().connections == 0 {
                        return Err(AcquireError::Connect(error));
                    }
                    // bb8 does not open another connection now, but one in use may become free
                    // soon.
                    failed = Some(error);
                }
                () = &mut acquire_deadline, if failed.is_some() => return Err(timed_out(failed)),
                () = shared.lifecycle.ended() => return Err(AcquireError::Closed),
            }
        }
    }

    /// Whether the runtime on which the pool was opened has shut down. Its connections and batch
    /// tasks have ended with it.
    pub(crate) fn runtime_has_ended(&self) -> bool {
        let maintenance = self.0.maintenance.get();
        self.is_open() && maintenance.is_some_and(AbortHandle::is_finished)
    }

    /// Whether new calls may start.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.0.lifecycle.is_open()
    }

    /// Waits until no new calls may start.
    pub(crate) async fn draining(&self) {
        self.0.lifecycle.draining().await;
    }

    /// How long a write that starts now waits for locked rows.
    #[must_use]
    pub fn lock_wait(&self) -> LockWait {
        LockWait::of_call(self.0.connector.config().lock_timeout)
    }

    /// How long a call waits in the queue for a connection.
    #[must_use]
    pub fn acquire_timeout(&self) -> Duration {
        self.0.connector.config().acquire_timeout
    }

    /// The current state of the pool, and its totals since it was opened.
    #[must_use]
    pub fn statistics(&self) -> PoolStatistics {
        let shared = &self.0;
        let state = shared.connections().map(|connections| connections.state());
        let mut statistics = PoolStatistics {
            size: state.as_ref().map_or(0, |state| state.connections),
            maximum: shared.connector.config().hard_limit().get(),
            idle: state.as_ref().map_or(0, |state| state.idle_connections),
            in_use: shared.checkouts.number(),
            waiting: shared.acquire_queue.waiting(),
            longest_held: shared.checkouts.longest(),
            leaks: shared.checkouts.leaks(),
            waits: shared.acquire_queue.waits().read(),
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
}

/// Checks out an idle connection, if there is one, with bb8's usual checks.
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
