//! Removing old history.

use std::time::Duration;

use tasktrail_domain::task_history::{
    ExpiredCounts, RemovalLimits, RemovalResult, RetentionPolicy, RetentionRule, StatusSet,
    TaskHistoryRepository, TaskStatus,
};
use tokio::time::Instant;

use super::pace::Pace;
use super::{DatabaseManager, Result};
#[cfg(feature = "postgres")]
use crate::DatabaseError;
use crate::maintenance::{CleanupEstimate, CleanupOptions, CleanupReport};
use crate::telemetry;

impl DatabaseManager {
    /// Removes every task that was finished and has no activity in the last `days` days, in bounded
    /// batches, and returns how much was removed.
    ///
    /// Open tasks are kept, whatever their age and the status of their last step. To remove them as
    /// well, pass a policy that covers them to [`clean_up`](Self::clean_up).
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. Batches that were removed before the error stay removed.
    pub async fn cleanup_old_tasks(&self, days: u32) -> Result<RemovalResult> {
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let policy = RetentionRule::older_than(age).at(self.0.clock.now());
        let report = self
            .clean_up(&policy, &CleanupOptions::default(), |_| {})
            .await?;
        Ok(RemovalResult::new(report.tasks, report.entries, None))
    }

    /// Removes the tasks that a policy covers: drops partitions that have expired completely, and
    /// removes the other tasks in bounded batches. Saves continue during a cleanup.
    ///
    /// `progress` is called after each step with the totals so far. Each run starts from the
    /// beginning. Concurrent runs are safe and remove each task once.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. Tasks that were removed before the error stay removed. A partition
    /// that cannot be dropped is not an error: its tasks are removed in batches, and
    /// [`CleanupReport::drop_failures`] has the reason.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future keeps what has been removed so far. The current batch is removed
    /// completely or not at all.
    pub async fn clean_up(
        &self,
        policy: &RetentionPolicy,
        options: &CleanupOptions,
        mut progress: impl FnMut(&CleanupReport) + Send,
    ) -> Result<CleanupReport> {
        let pace = Pace::begin(options);
        let histories = self.task_history()?;
        let mut report = CleanupReport::default();
        if options.drop_partitions {
            self.drop_partitions(policy, options.time_budget, &mut report)
                .await?;
            for failure in &report.drop_failures {
                tracing::info!(
                    failure,
                    "partition not dropped, removing its tasks in batches"
                );
            }
            progress(&report);
        }
        let mut batch = RemovalLimits::default()
            .with_tasks(options.batch_tasks)
            .with_entries(options.batch_entries)
            .with_after(None);
        while pace.has_time() {
            let batch_began = Instant::now();
            let removed = histories.remove_expired(policy, &batch).await?;
            telemetry::removed(removed.tasks, removed.entries);
            report.tasks += removed.tasks;
            report.entries += removed.entries;
            report.took = pace.elapsed();
            progress(&report);
            report.complete = removed.next.is_none();
            if report.complete {
                break;
            }
            batch.after = removed.next;
            pace.pause_after(batch_began.elapsed()).await;
        }
        report.took = pace.elapsed();
        Ok(report)
    }

    /// Estimates what a cleanup with this policy would remove, and counts the open tasks of the same
    /// age that it would keep. Removes nothing.
    ///
    /// The cost grows with the number of tasks in scope.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`], or [`Storage`](crate::DatabaseError::Storage).
    pub async fn estimate_cleanup(&self, policy: &RetentionPolicy) -> Result<CleanupEstimate> {
        let histories = self.task_history()?;
        let stuck = TaskStatus::ALL
            .into_iter()
            .filter(|status| !status.is_terminal() && !policy.statuses.contains(*status));
        let stuck = policy.clone().with_statuses(StatusSet::only(stuck));
        let expired = histories.expired(policy).await?;
        Ok(CleanupEstimate {
            bytes: self.bytes_of(&expired).await?,
            stuck: histories.expired(&stuck).await?,
            unfinished: unfinished(&*histories, policy, &expired).await?,
            expired,
        })
    }

    /// Estimates the size from the average row of each table.
    #[cfg(feature = "postgres")]
    async fn bytes_of(&self, expired: &ExpiredCounts) -> Result<Option<u64>> {
        let share = |table: &tasktrail_postgres_admin::TableStatistics, rows: u64| {
            let bytes = u128::from(table.table_bytes) + u128::from(table.index_bytes);
            let all = u128::from(
                table
                    .live_rows
                    .saturating_add(table.dead_rows)
                    .max(rows)
                    .max(1),
            );
            u64::try_from(bytes * u128::from(rows) / all).unwrap_or(u64::MAX)
        };
        let storage = self.storage_statistics().await?;
        Ok(storage.map(|storage| {
            share(&storage.entries, expired.entries)
                .saturating_add(share(&storage.tasks, expired.tasks))
        }))
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "the in-memory store has no size")]
    async fn bytes_of(&self, _expired: &ExpiredCounts) -> Result<Option<u64>> {
        Ok(None)
    }

    /// A failure to drop partitions does not end the cleanup: their tasks are removed in batches.
    #[cfg(feature = "postgres")]
    async fn drop_partitions(
        &self,
        policy: &RetentionPolicy,
        within: Option<Duration>,
        report: &mut CleanupReport,
    ) -> Result<()> {
        let drops = match self.drop_expired_partitions(policy, within).await {
            Ok(drops) => drops,
            Err(DatabaseError::Partition(error)) => {
                report.drop_failures.push(describe(&error));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for partition in drops {
            if partition.dropped {
                telemetry::partition_dropped();
                telemetry::removed(partition.tasks, partition.entries);
                report.tasks += partition.tasks;
                report.entries += partition.entries;
                report.partitions.push(partition.partition);
            } else if let Some(failure) = partition.failure {
                let name = partition.partition;
                report
                    .drop_failures
                    .push(format!("{name} was not dropped: {failure}"));
            }
        }
        Ok(())
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "the in-memory store has no partitions")]
    async fn drop_partitions(
        &self,
        _policy: &RetentionPolicy,
        _within: Option<Duration>,
        _report: &mut CleanupReport,
    ) -> Result<()> {
        Ok(())
    }
}

/// Counts the tasks that a policy keeps only because they were never finished.
async fn unfinished(
    histories: &dyn TaskHistoryRepository,
    policy: &RetentionPolicy,
    expired: &ExpiredCounts,
) -> Result<ExpiredCounts> {
    if !policy.keep_unfinished {
        return Ok(ExpiredCounts::default());
    }
    let with_unfinished = policy.clone().with_keep_unfinished(false);
    let all = histories.expired(&with_unfinished).await?;
    // Other processes may remove tasks between the two counts.
    Ok(ExpiredCounts::new(
        all.tasks.saturating_sub(expired.tasks),
        all.entries.saturating_sub(expired.entries),
    ))
}

#[cfg(feature = "postgres")]
pub(super) fn describe(error: &tasktrail_postgres_admin::PartitionError) -> String {
    tasktrail_domain::repository::ErrorChain(error).to_string()
}
