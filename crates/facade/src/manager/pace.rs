//! The pace of a cleanup: its time budget, and the pauses between its batches.

use std::time::Duration;

use tokio::time::Instant;

use crate::maintenance::CleanupOptions;

pub(super) struct Pace {
    began: Instant,
    time_budget: Option<Duration>,
    throttle: bool,
}

impl Pace {
    pub(super) fn begin(options: &CleanupOptions) -> Self {
        Self {
            began: Instant::now(),
            time_budget: options.time_budget,
            throttle: options.throttle,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Whether another batch may start.
    pub(super) fn has_time(&self) -> bool {
        self.time_budget
            .is_none_or(|budget| self.elapsed() < budget)
    }

    /// Pauses for as long as a batch took, at most until the time budget ends.
    pub(super) async fn pause_after(&self, batch: Duration) {
        if !self.throttle {
            return;
        }
        let left = self
            .time_budget
            .map(|budget| budget.saturating_sub(self.elapsed()));
        tokio::time::sleep(left.map_or(batch, |left| batch.min(left))).await;
    }
}
