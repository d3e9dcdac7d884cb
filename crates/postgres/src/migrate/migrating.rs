//! Tracks running migrations, so that closing the database can wait for them and cancel them.

use std::time::Duration;

use diesel_async::AsyncPgConnection;
use tasktrail_postgres_client::connection::Connector;
use tokio::time::timeout;
use tokio_postgres::CancelToken;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::error::MigrateError;

/// Grace period for a cancelled migration to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Interval between cancel requests. One that arrives between two statements has no effect.
const CANCEL_AGAIN: Duration = Duration::from_millis(100);

/// The running migrations of a database. Clones share the state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Migrating {
    running: TaskTracker,
    closing: CancellationToken,
    ended: CancellationToken,
}

/// Registers a running migration until it is dropped.
pub(super) struct Running {
    _counted: TaskTrackerToken,
    done: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.done.cancel();
    }
}

impl Migrating {
    /// Registers a migration on this connection. A close cancels it after the deadline.
    pub(super) fn begin(
        &self,
        connection: &AsyncPgConnection,
        connector: &Connector,
    ) -> Result<Running, MigrateError> {
        let counted = self.running.token();
        // Checked after registering, so that a concurrent close either counts this migration or is
        // seen.
        if self.closing.is_cancelled() {
            return Err(MigrateError::Closed);
        }
        let done = CancellationToken::new();
        let (ended, finished) = (self.ended.clone(), done.clone());
        let (statement, tls) = (connection.cancel_token(), connector.tls());
        tokio::spawn(async move {
            tokio::select! {
                () = finished.cancelled() => return,
                () = ended.cancelled() => {}
            }
            let _finished = finished.run_until_cancelled(cancel(&statement, &tls)).await;
        });
        Ok(Running {
            _counted: counted,
            done,
        })
    }

    /// The error to return for a migration that failed.
    pub(super) fn judge(&self, failed: MigrateError) -> MigrateError {
        if self.ended.is_cancelled() {
            MigrateError::Closed
        } else {
            failed
        }
    }

    /// Waits until new migrations are refused.
    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Refuses new migrations. Running ones may finish until `deadline`; then they are cancelled on
    /// the server. Returns the numbers of finished and cancelled ones.
    pub(crate) async fn close(&self, deadline: Duration) -> (u32, u32) {
        self.closing.cancel();
        self.running.close();
        let number = || u32::try_from(self.running.len()).unwrap_or(u32::MAX);
        let before = number();
        if timeout(deadline, self.running.wait()).await.is_ok() {
            return (before, 0);
        }
        let cancelled = number();
        self.ended.cancel();
        // An unresponsive server rolls the migration back once it detects that the connection is
        // closed.
        let _unreachable = timeout(SHUTDOWN_GRACE, self.running.wait()).await;
        (before.saturating_sub(cancelled), cancelled)
    }
}

async fn cancel(statement: &CancelToken, tls: &MakeRustlsConnect) {
    loop {
        if let Err(error) = statement.cancel_query(tls.clone()).await {
            tracing::warn!(%error, "a migration could not be cancelled");
        }
        tokio::time::sleep(CANCEL_AGAIN).await;
    }
}
