use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::PoolableConnection;
use tokio::time::Instant;

use crate::connection::{Connector, Session};

/// Opens connections for bb8, and tells which may be lent again.
#[derive(Debug)]
pub(crate) struct Manager {
    connector: Connector,
    opened: AtomicU32,
}

/// A connection of the pool.
pub(crate) struct Pooled {
    pub(super) connection: AsyncPgConnection,
    /// `None` for never.
    expires: Option<Instant>,
    /// Whether a call has left it in the middle of its work.
    pub(super) abandoned: bool,
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum OpenError {
    /// It has ended, or is too old: bb8 takes another one.
    #[error("the connection has ended")]
    Stale,
    /// The server refused it or could not be reached.
    #[error(transparent)]
    Refused(Arc<diesel::ConnectionError>),
}

impl Manager {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            opened: AtomicU32::new(0),
        }
    }

    /// The configured lifetime less up to a tenth of it, spread evenly, so that connections that
    /// were opened together do not end together.
    fn lifetime(&self) -> Duration {
        /// The golden ratio's fractional part, in 65 536ths: its multiples spread evenly.
        const GOLDEN: u32 = 40_503;
        let part = self
            .opened
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(GOLDEN)
            % 65_536;
        let lifetime = self.connector.config().max_lifetime;
        let earlier = lifetime / 10 / 65_536 * part;
        lifetime.saturating_sub(earlier)
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = OpenError;

    async fn connect(&self) -> Result<Pooled, OpenError> {
        let statement_timeout = self.connector.config().statement_timeout;
        let opened = self.connector.open(Session { statement_timeout }).await;
        let connection = opened.map_err(|error| OpenError::Refused(Arc::new(error)))?;
        Ok(Pooled {
            connection,
            expires: Instant::now().checked_add(self.lifetime()),
            abandoned: false,
        })
    }

    /// Sees a connection that the server has closed, without a round trip.
    async fn is_valid(&self, pooled: &mut Pooled) -> Result<(), OpenError> {
        if self.has_broken(pooled) {
            Err(OpenError::Stale)
        } else {
            Ok(())
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.abandoned
            || pooled.connection.is_broken()
            || pooled.expires.is_some_and(|at| Instant::now() >= at)
    }
}
