use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::{Instant, timeout};

use super::statistics::{CloseReason, ConnectionCounter};
use super::validation::{ConnectionValidator, VALIDATION_TIMEOUT, Validity};
use crate::connection::{Connector, Session};
use crate::error::OpenError;

/// Opens connections for bb8, and decides which may be reused.
#[derive(Debug)]
pub(super) struct Manager {
    connector: Connector,
    counter: Arc<ConnectionCounter>,
    validator: Arc<ConnectionValidator>,
}

/// A connection of the pool.
pub(super) struct Pooled {
    pub(super) connection: AsyncPgConnection,
    /// When the server last answered on this connection.
    last_response: Instant,
    /// `None` if it never expires.
    expires: Option<Instant>,
    /// Why the connection must not be reused, if so.
    ends: Option<CloseReason>,
    counter: Arc<ConnectionCounter>,
}

impl Manager {
    pub(super) fn new(
        connector: Connector,
        counter: Arc<ConnectionCounter>,
        validator: Arc<ConnectionValidator>,
    ) -> Self {
        Self {
            connector,
            counter,
            validator,
        }
    }

    /// The configured lifetime minus up to 10%, spread evenly, so that connections that were opened
    /// together do not expire together.
    fn lifetime(&self, number: u64) -> Duration {
        /// The fractional part of the golden ratio, in 65,536ths. Its multiples are spread evenly.
        const GOLDEN: u64 = 40_503;
        let part = number.wrapping_mul(GOLDEN) % 65_536;
        let lifetime = self.connector.config().max_lifetime;
        let earlier = lifetime / 10 / 65_536 * u32::try_from(part).unwrap_or_default();
        lifetime.saturating_sub(earlier)
    }
}

impl Pooled {
    /// Records that the server has answered.
    pub(super) fn record_response(&mut self) {
        self.last_response = Instant::now();
    }

    /// Whether the connection may be used. A suspect one must answer a query first.
    pub(super) async fn validate(&mut self, validator: &ConnectionValidator) -> bool {
        if validator.validity(self.last_response) == Validity::Valid {
            return true;
        }
        let sent = Instant::now();
        let query = self.connection.batch_execute("SELECT 1");
        match timeout(VALIDATION_TIMEOUT, query).await {
            Ok(Ok(())) => {
                self.record_response();
                return true;
            }
            // Only this connection has failed.
            Ok(Err(_failed)) => {}
            Err(_elapsed) => validator.condemn(sent),
        }
        self.end(CloseReason::Broken);
        false
    }

    /// Closes the connection when it returns to the pool.
    pub(super) fn end(&mut self, reason: CloseReason) {
        self.ends = Some(reason);
    }

    /// Why the connection must not be reused, without a round trip to the server.
    fn ending(&mut self) -> Option<CloseReason> {
        let expired = self.expires.is_some_and(|at| Instant::now() >= at);
        if self.ends.is_some() {
            self.ends
        } else if self.connection.is_broken() {
            Some(CloseReason::Broken)
        } else {
            expired.then_some(CloseReason::Lifetime)
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.counter
            .closed(self.ends.unwrap_or(CloseReason::PoolClosed));
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = OpenError;

    async fn connect(&self) -> Result<Pooled, OpenError> {
        let statement_timeout = self.connector.config().statement_timeout;
        match self.connector.open(Session { statement_timeout }).await {
            Ok(connection) => Ok(Pooled {
                connection,
                last_response: Instant::now(),
                expires: Instant::now().checked_add(self.lifetime(self.counter.opened())),
                ends: None,
                counter: Arc::clone(&self.counter),
            }),
            Err(error) => {
                self.counter.refused();
                tracing::warn!(%error, "cannot open a connection");
                Err(OpenError::Refused(error))
            }
        }
    }

    /// Detects a connection that the server has closed, without a round trip.
    async fn is_valid(&self, pooled: &mut Pooled) -> Result<(), OpenError> {
        if self.validator.validity(pooled.last_response) == Validity::Dead {
            pooled.end(CloseReason::Broken);
        }
        if self.has_broken(pooled) {
            Err(OpenError::Stale)
        } else {
            Ok(())
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.ends = pooled.ending();
        pooled.ends.is_some()
    }
}
