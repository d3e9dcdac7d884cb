//! The pool. bb8 stays behind this module.
//!
//! Around bb8 stand a [`Gate`], which serves waiting callers in order and tells how long they wait, and
//! [`Lease`]s, which never hand a busy connection on.

mod failures;
mod gate;
mod lease;
mod manager;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tasktrail_domain::repository::Operation;

use self::failures::Failures;
use self::gate::Gate;
pub(crate) use self::lease::Lease;
use self::manager::Manager;
pub(crate) use self::manager::OpenError;
use crate::connection::Connector;
use crate::error::{AcquireError, ConnectError};

/// The connections of a database. Clones share them, and a close.
#[derive(Clone)]
pub(crate) struct Pool {
    /// `None` once it was closed.
    connections: Arc<RwLock<Option<bb8::Pool<Manager>>>>,
    gate: Gate,
    failures: Failures,
    connector: Connector,
}

impl Pool {
    /// Opens the minimum number of connections, one at least, so that a wrong address or password
    /// is told at once.
    pub(crate) async fn open(connector: Connector) -> Result<Self, ConnectError> {
        let config = connector.config();
        let failures = Failures::default();
        let connections = bb8::Pool::builder()
            .min_idle(config.min_connections.max(1))
            .max_size(config.max_connections.get())
            // The gate bounds the waiting; what is left is the opening of a connection.
            .connection_timeout(
                config
                    .connect_timeout
                    .saturating_add(config.acquire_timeout),
            )
            .idle_timeout(config.idle_timeout)
            .max_lifetime(None)
            .retry_connection(false)
            .error_sink(Box::new(failures.clone()))
            .build(Manager::new(connector.clone()))
            .await
            .map_err(|error| ConnectError::new(config.address().to_owned(), error.into()))?;
        Ok(Self {
            connections: Arc::new(RwLock::new(Some(connections))),
            gate: Gate::new(config.max_connections),
            failures,
            connector,
        })
    }

    /// A connection for `operation`, in the order of the calls.
    ///
    /// Dropping the future gives up the place in the queue.
    pub(crate) async fn acquire(&self, operation: Operation) -> Result<Lease, AcquireError> {
        let connections = self.open_connections().ok_or(AcquireError::Closed)?;
        let pass = self
            .gate
            .enter(self.connector.config().acquire_timeout)
            .await?;
        let mut failures = self.failures.watch();
        let getting = connections.get_owned();
        tokio::pin!(getting);
        loop {
            tokio::select! {
                biased;
                got = &mut getting => {
                    let connection = got.map_err(|_timed_out| self.failures.timed_out(self.connector.config()))?;
                    return Ok(Lease::new(connection, pass, operation, self.connector.tls()));
                }
                error = failures.next() => {
                    // With other connections alive, one of them will be free soon.
                    if connections.state().connections == 0 {
                        return Err(AcquireError::Connect(error));
                    }
                }
            }
        }
    }

    /// Lends no more connections, also to those who wait. The connections end with the last call that
    /// has one.
    pub(crate) fn close(&self) {
        self.gate.close();
        *self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn open_connections(&self) -> Option<bb8::Pool<Manager>> {
        self.connections
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self
            .open_connections()
            .map(|connections| connections.state());
        f.debug_struct("Pool")
            .field("address", &self.connector.config().address())
            .field(
                "connections",
                &state.as_ref().map(|state| state.connections),
            )
            .field("idle", &state.as_ref().map(|state| state.idle_connections))
            .field("waiting", &self.gate.waiting())
            .finish_non_exhaustive()
    }
}
