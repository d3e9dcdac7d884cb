//! The deadline of a change that blocks saves.

use std::sync::OnceLock;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::Instant;

use super::PartitionError;

/// Time from the request for the lock that blocks saves until the commit, for all statements
/// together.
const LIMIT: Duration = Duration::from_secs(5);

/// The instant at which a change is given up, so that saves can continue.
///
/// The remaining time is also set on the server as a limit of each statement, each lock wait and
/// each pause between two statements. So saves continue even if this process stops.
pub(super) struct Deadline {
    at: Instant,
    kept_out: OnceLock<Instant>,
}

impl Deadline {
    /// Starts the time limit. Call this before saves are blocked.
    pub(super) fn begin() -> Self {
        Self {
            at: Instant::now() + LIMIT,
            kept_out: OnceLock::new(),
        }
    }

    /// Records that saves wait from now on.
    pub(super) fn saves_wait(&self) {
        let _first = self.kept_out.set(Instant::now());
    }

    /// Returns how long saves have waited.
    pub(super) fn held(&self) -> Duration {
        self.kept_out
            .get()
            .map(Instant::elapsed)
            .unwrap_or_default()
    }

    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// Returns the remaining time, or an error if the deadline has passed.
    pub(super) fn left(&self) -> Result<Duration, PartitionError> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(self.given_up())
        } else {
            Ok(left)
        }
    }

    /// Limits the next statement to the remaining time.
    pub(super) async fn limit(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> Result<(), PartitionError> {
        self.run(connection, "").await
    }

    /// Executes a statement, limited to the remaining time.
    pub(super) async fn run(
        &self,
        connection: &mut AsyncPgConnection,
        statement: &str,
    ) -> Result<(), PartitionError> {
        // Rounded up, so that a timeout on the server means that the deadline has passed here as
        // well.
        let left = self.left()?.as_millis() + 1;
        let limited = format!(
            "SET LOCAL statement_timeout = {left}; SET LOCAL lock_timeout = {left}; \
             SET LOCAL idle_in_transaction_session_timeout = {left}; {statement}"
        );
        Ok(connection.batch_execute(&limited).await?)
    }

    /// Attributes an error to the deadline if that has passed.
    pub(super) fn judge(&self, error: PartitionError) -> PartitionError {
        match self.left() {
            Ok(_) => error,
            Err(given_up) => given_up,
        }
    }

    fn given_up(&self) -> PartitionError {
        PartitionError::GivenUp {
            limit: LIMIT,
            held: self.held(),
        }
    }
}
