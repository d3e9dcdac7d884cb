//! The pool. bb8 stays behind this module.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::bb8::{Pool as Bb8Pool, PooledConnection};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolError, PoolableConnection, RecyclingMethod,
};
use futures_util::FutureExt;
use futures_util::future::ready;

use crate::config::PostgresConfig;
use crate::connection::{self, Session};
use crate::error::{AcquireError, ConnectError};

/// A connection on loan; it goes back when it is dropped.
pub(crate) type Lease = PooledConnection<'static, AsyncPgConnection>;

/// The connections of a database. Clones share them, and a close.
#[derive(Clone)]
pub(crate) struct Pool {
    /// `None` once it was closed.
    connections: Arc<RwLock<Option<Bb8Pool<AsyncPgConnection>>>>,
    last_error: LastError,
    config: Arc<PostgresConfig>,
}

impl Pool {
    /// Opens the minimum number of connections, one at least, so that a wrong address or password
    /// is told at once.
    pub(crate) async fn open(config: PostgresConfig) -> Result<Self, ConnectError> {
        let config = Arc::new(config);
        let last_error = LastError::default();
        let connections = Bb8Pool::builder()
            .min_idle(config.min_connections.max(1))
            .max_size(config.max_connections.get())
            .connection_timeout(config.connect_timeout)
            .error_sink(Box::new(last_error.clone()))
            .build(manager(Arc::clone(&config)))
            .await
            .map_err(|error| ConnectError::new(&config, error))?;
        let connections = Arc::new(RwLock::new(Some(connections)));
        Ok(Self {
            connections,
            last_error,
            config,
        })
    }

    /// A connection, within the configured time.
    pub(crate) async fn acquire(&self) -> Result<Lease, AcquireError> {
        let connections = self.open_connections().ok_or(AcquireError::Closed)?;
        connections.get_owned().await.map_err(|error| match error {
            bb8::RunError::User(error) => AcquireError::Connect(error),
            bb8::RunError::TimedOut => AcquireError::TimedOut {
                waited: self.config.connect_timeout,
                cause: self.last_error.take(),
            },
        })
    }

    /// Lends no more connections. Idle ones end now, each other one when it comes back.
    pub(crate) fn close(&self) {
        *self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn open_connections(&self) -> Option<Bb8Pool<AsyncPgConnection>> {
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
            .field("address", &self.config.address())
            .field(
                "connections",
                &state.as_ref().map(|state| state.connections),
            )
            .field("idle", &state.as_ref().map(|state| state.idle_connections))
            .finish_non_exhaustive()
    }
}

fn manager(config: Arc<PostgresConfig>) -> AsyncDieselConnectionManager<AsyncPgConnection> {
    let mut settings = ManagerConfig::default();
    // Sees a connection that the server has closed, without a round trip.
    settings.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(|connection: &mut AsyncPgConnection| {
            let closed = connection.is_broken();
            let broken = diesel::result::Error::BrokenTransactionManager;
            ready(if closed { Err(broken) } else { Ok(()) }).boxed()
        }));
    settings.custom_setup = Box::new(move |_| {
        let config = Arc::clone(&config);
        let session = Session {
            statement_timeout: config.statement_timeout,
        };
        async move { connection::open(&config, session).await }.boxed()
    });
    AsyncDieselConnectionManager::new_with_config("", settings)
}

/// bb8 tells a waiting caller only that it waited too long; why stands here.
#[derive(Debug, Clone, Default)]
struct LastError(Arc<Mutex<Option<PoolError>>>);

impl LastError {
    fn take(&self) -> Option<PoolError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl bb8::ErrorSink<PoolError> for LastError {
    fn sink(&self, error: PoolError) {
        tracing::warn!(%error, "a connection could not be opened or kept");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<PoolError>> {
        Box::new(self.clone())
    }
}
