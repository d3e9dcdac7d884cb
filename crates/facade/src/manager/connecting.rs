//! Opening the connections, and waiting for a database that is out of reach.

use std::time::Duration;

use tasktrail_domain::repository::ErrorChain;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{DatabaseManager, Result};
use crate::DatabaseError;
use crate::store::Connection;

/// The pause after the first failed attempt. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl DatabaseManager {
    /// Starts the wait of a connect. A later close ends it.
    pub(super) fn begin_connect(&self) -> ConnectWait {
        ConnectWait {
            began: Instant::now(),
            limit: self.0.store.connect_wait(),
            pause: FIRST_PAUSE,
            closed: self.0.closed.subscribe(),
        }
    }

    /// Opens a connection, unless the manager is closed during the wait.
    pub(super) async fn open(&self, wait: &ConnectWait) -> Result<Connection> {
        tokio::select! {
            biased;
            () = wait.closed() => Err(DatabaseError::Closed),
            opened = Connection::open(&self.0.store) => opened,
        }
    }

    /// Opens a connection, and makes it available to all calls once the schema is up to date.
    pub(super) async fn open_and_migrate(&self, wait: &ConnectWait) -> Result<()> {
        let connection = self.open(wait).await?;
        let opening = self.0.state.opening(connection.clone());
        let migrated = connection.migrate().await;
        if migrated.is_ok() && opening.admit() {
            return Ok(());
        }
        // If `admit` failed, a concurrent close closes the connection as well. That is harmless.
        connection.close(Duration::ZERO).await;
        migrated.and(Err(DatabaseError::Closed))
    }
}

/// The wait of a connect for a database that is out of reach.
pub(super) struct ConnectWait {
    began: Instant,
    /// The time after which no attempt is repeated.
    limit: Duration,
    pause: Duration,
    closed: watch::Receiver<u64>,
}

impl ConnectWait {
    /// Pauses after a failed attempt. Returns its error if there must be no other one.
    pub(super) async fn after(&mut self, error: DatabaseError) -> Result<()> {
        let left = self.limit.saturating_sub(self.began.elapsed());
        if left.is_zero() || !is_out_of_reach(&error) {
            return Err(error);
        }
        let retry_in = self.pause.min(left);
        tracing::warn!(
            error = %ErrorChain(&error),
            ?retry_in,
            giving_up_in = ?left,
            "the database is out of reach, waiting for it"
        );
        tokio::select! {
            biased;
            () = self.closed() => return Err(DatabaseError::Closed),
            () = sleep(retry_in) => {}
        }
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    /// Waits until the manager is closed. Does not mark the change as seen, so that every later
    /// wait for it ends as well.
    async fn closed(&self) {
        // Never an error: the manager keeps the sender.
        let _closed = self.closed.clone().changed().await;
    }
}

/// Whether a connect may succeed later without a change to the configuration.
#[cfg(feature = "postgres")]
fn is_out_of_reach(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::Connect(error) => error.is_transient(),
        DatabaseError::Migrate(error) => error.is_transient(),
        _ => false,
    }
}

#[cfg(not(feature = "postgres"))]
fn is_out_of_reach(_error: &DatabaseError) -> bool {
    false
}
