use std::sync::Arc;
use std::time::Duration;

use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::{Instant, timeout};

use super::statistics::{CloseReason, ConnectionCounter};
use super::validation::{ConnectionValidator, VALIDATION_TIMEOUT, Validity};
use crate::connection::{Connector, Session};

/// Opens connections for bb8, and tells which may be lent again.
#[derive(Debug)]
pub(super) struct Manager {
    connector: Connector,
    counter: Arc<ConnectionCounter>,
    validator: Arc<ConnectionValidator>,
}

/// A connection of the pool.
pub(super) struct Pooled {
    pub(super) connection: AsyncPgConnection,
    /// When the server has last answered on it.
    last_response: Instant,
    /// `None` for never.
    expires: Option<Instant>,
    /// Why it is not to be lent again, if it is not.
    ends: Option<CloseReason>,
    counter: Arc<ConnectionCounter>,
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// It has ended, or is too old: bb8 takes another one.
    #[error("the connection has ended")]
    Stale,
    /// The server refused it or could not be reached.
    #[error(transparent)]
    Refused(Arc<diesel::ConnectionError>),
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

    /// The configured lifetime less up to a tenth of it, spread evenly, so that connections that
    /// were opened together do not end together.
    fn lifetime(&self, number: u64) -> Duration {
        /// The golden ratio's fractional part, in 65 536ths: its multiples spread evenly.
        const GOLDEN: u64 = 40_503;
        let part = number.wrapping_mul(GOLDEN) % 65_536;
        let lifetime = self.connector.config().max_lifetime;
        let earlier = lifetime / 10 / 65_536 * u32::try_from(part).unwrap_or_default();
        lifetime.saturating_sub(earlier)
    }
}

impl Pooled {
    /// Notes that the server has answered.
    pub(super) fn record_response(&mut self) {
        self.last_response = Instant::now();
    }

    /// Whether it may be lent: if there is doubt, whether the server answers on it, soon.
    pub(super) async fn validate(&mut self, validator: &ConnectionValidator) -> bool {
        if validator.validity(self.last_response) == Validity::Valid {
            return true;
        }
        let asked = Instant::now();
        let question = self.connection.batch_execute("SELECT 1");
        match timeout(VALIDATION_TIMEOUT, question).await {
            Ok(Ok(())) => {
                self.record_response();
                return true;
            }
            // Only this one has ended.
            Ok(Err(_refused)) => {}
            Err(_silent) => validator.condemn(asked),
        }
        self.end(CloseReason::Broken);
        false
    }

    /// Lets the connection end when it comes back.
    pub(super) fn end(&mut self, reason: CloseReason) {
        self.ends = Some(reason);
    }

    /// Why the connection must not be lent again, without asking the server.
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
                tracing::warn!(%error, "a connection could not be opened");
                Err(OpenError::Refused(Arc::new(error)))
            }
        }
    }

    /// Sees a connection that the server has closed, without a round trip.
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
