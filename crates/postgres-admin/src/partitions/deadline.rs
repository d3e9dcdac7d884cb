//! How long saves may wait while partitions are changed.

use std::sync::OnceLock;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::time::Instant;

use super::PartitionError;

/// From asking for the lock that keeps saves out until the commit, all statements together.
const LIMIT: Duration = Duration::from_secs(5);

/// The instant at which a change is given up, so that saves can go on.
///
/// The server ends each statement, each wait for a lock and each pause between two statements when what is
/// left has passed, so saves go on also if this process stops in the middle.
pub(super) struct Deadline {
    at: Instant,
    kept_out: OnceLock<Instant>,
}

impl Deadline {
    /// To be called before saves are kept out.
    pub(super) fn begin() -> Self {
        Self {
            at: Instant::now() + LIMIT,
            kept_out: OnceLock::new(),
        }
    }

    /// Saves wait from now on.
    pub(super) fn saves_wait(&self) {
        let _first = self.kept_out.set(Instant::now());
    }

    /// For how long saves have waited.
    pub(super) fn held(&self) -> Duration {
        self.kept_out
            .get()
            .map(Instant::elapsed)
            .unwrap_or_default()
    }

    pub(super) fn at(&self) -> Instant {
        self.at
    }

    /// What is left.
    pub(super) fn left(&self) -> Result<Duration, PartitionError> {
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            Err(self.given_up())
        } else {
            Ok(left)
        }
    }

    /// Lets the next statement take what is left, and no longer.
    pub(super) async fn limit(
        &self,
        connection: &mut AsyncPgConnection,
    ) -> Result<(), PartitionError> {
        self.run(connection, "").await
    }

    /// Executes a statement, which may take what is left.
    pub(super) async fn run(
        &self,
        connection: &mut AsyncPgConnection,
        statement: &str,
    ) -> Result<(), PartitionError> {
        // Rounded up: what the server ends is over by this clock as well.
        let left = self.left()?.as_millis() + 1;
        let limited = format!(
            "SET LOCAL statement_timeout = {left}; SET LOCAL lock_timeout = {left}; \
             SET LOCAL idle_in_transaction_session_timeout = {left}; {statement}"
        );
        Ok(connection.batch_execute(&limited).await?)
    }

    /// What a failure was: one behind the deadline is its doing.
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
