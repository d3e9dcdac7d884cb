//! Migrations that are under way, for the sake of a close.

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

/// How long a migration may take to notice that it was cancelled.
const NOTICE: Duration = Duration::from_secs(1);

/// A cancel that arrives between two statements is lost, so it is sent again and again.
const AGAIN: Duration = Duration::from_millis(100);

/// What of a database is being migrated. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Migrating {
    running: TaskTracker,
    closing: CancellationToken,
    ended: CancellationToken,
}

/// Held while a migration runs.
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
    /// Counts a migration on this connection, which a close cancels when its time is up.
    pub(super) fn begin(
        &self,
        connection: &AsyncPgConnection,
        connector: &Connector,
    ) -> Result<Running, MigrateError> {
        let counted = self.running.token();
        // After it is counted, so that a close that does not count it is seen here.
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

    /// What became of a migration that failed.
    pub(super) fn judge(&self, failed: MigrateError) -> MigrateError {
        if self.ended.is_cancelled() {
            MigrateError::Closed
        } else {
            failed
        }
    }

    /// Waits until no more migrations may begin.
    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Lets no more begin. Those under way may finish until `deadline`, then they are cancelled on the server;
    /// tells how many of each there were.
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
        // A server that does not answer undoes it when it finds the connection gone.
        let _unreachable = timeout(NOTICE, self.running.wait()).await;
        (before.saturating_sub(cancelled), cancelled)
    }
}

async fn cancel(statement: &CancelToken, tls: &MakeRustlsConnect) {
    loop {
        if let Err(error) = statement.cancel_query(tls.clone()).await {
            tracing::warn!(%error, "a migration could not be cancelled");
        }
        tokio::time::sleep(AGAIN).await;
    }
}
