//! Removing ended tasks of orchestration.

use tasktrail_domain::orchestration::task::TaskRetention;
use tasktrail_domain::repository::PageRequest;
use tokio::time::Instant;

use super::pace::Pace;
use super::{DatabaseManager, Result};
use crate::maintenance::{CleanupOptions, OrchestrationCleanup};
use crate::telemetry;

impl DatabaseManager {
    /// Removes the ended tasks of orchestration that a retention covers, with their dependencies and
    /// executions, in bounded batches. Keeps the task that an open task depends on or is a part of,
    /// the task history, and the audit log.
    ///
    /// Of the options, [`batch_tasks`](CleanupOptions::batch_tasks),
    /// [`time_budget`](CleanupOptions::time_budget) and [`throttle`](CleanupOptions::throttle) apply.
    /// `progress` is called after each batch with the totals so far. Each run starts from the
    /// beginning. Concurrent runs are safe and remove each task once.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. Tasks that were removed before the error stay removed.
    ///
    /// # Cancel safety
    ///
    /// As for [`clean_up`](Self::clean_up).
    pub async fn clean_up_orchestration(
        &self,
        retention: &TaskRetention,
        options: &CleanupOptions,
        mut progress: impl FnMut(&OrchestrationCleanup) + Send,
    ) -> Result<OrchestrationCleanup> {
        let pace = Pace::begin(options);
        let tasks = self.orchestration_ports()?.tasks;
        let mut report = OrchestrationCleanup::default();
        let mut batch = PageRequest::first(options.batch_tasks);
        while pace.has_time() {
            let batch_began = Instant::now();
            let removed = tasks.remove_expired(retention, &batch).await?;
            telemetry::removed_orchestrated(removed.tasks);
            report.tasks += removed.tasks;
            report.took = pace.elapsed();
            report.complete = removed.next.is_none();
            progress(&report);
            if report.complete {
                break;
            }
            batch.after = removed.next;
            pace.pause_after(batch_began.elapsed()).await;
        }
        report.took = pace.elapsed();
        Ok(report)
    }
}
