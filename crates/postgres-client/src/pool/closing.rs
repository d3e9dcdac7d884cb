//! Closing the pool.

use std::sync::PoisonError;
use std::time::Duration;

use tasktrail_domain::repository::CloseReport;
use tokio::time::{Instant, timeout};

use super::statistics::CloseReason;
use super::{Pool, Shared, one_idle};

/// Grace period for interrupted calls to stop, and for cancel requests to reach the server.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

impl Pool {
    /// Stops new calls and returns the number of calls in progress. Queued calls fail, and calls in
    /// progress continue.
    #[must_use]
    pub fn drain(&self) -> u32 {
        self.0.lifecycle.drain();
        self.0.checkouts.number()
    }

    /// Closes the pool. New and queued calls fail. Calls in progress may finish until `deadline`,
    /// and are interrupted after that.
    pub async fn close(&self, deadline: Duration) -> CloseReport {
        let (shared, began) = (&self.0, Instant::now());
        let under_way = self.drain();
        let in_time = timeout(deadline, shared.acquire_queue.wait_until_idle()).await;
        if in_time.is_err() {
            shared.lifecycle.end();
            // A call whose future is not polled does not stop. Its connection closes when it is
            // dropped.
            let _unnoticed = timeout(SHUTDOWN_GRACE, shared.acquire_queue.wait_until_idle()).await;
        }
        // If the process exits after this, no statements should keep running on the server.
        shared.cancels.close();
        let _unreachable = timeout(SHUTDOWN_GRACE, shared.cancels.wait()).await;
        shared.forget_connections();
        let cancelled = shared.checkouts.take_interrupted();
        let mut report = CloseReport::default();
        report.finished = under_way.saturating_sub(cancelled);
        report.cancelled = cancelled;
        report.rejected = shared.acquire_queue.take_rejected();
        report.took = began.elapsed();
        report
    }
}

impl Shared {
    /// Closes idle connections now. Connections in use close when their call ends.
    fn forget_connections(&self) {
        let connections = self
            .connections
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        // Calls hold clones of bb8's pool, which may outlive this one.
        while let Some(Ok(mut idle)) = connections.as_ref().and_then(one_idle) {
            idle.end(CloseReason::PoolClosed);
        }
    }
}
