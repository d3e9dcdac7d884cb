//! Removing old history.

use std::time::Duration;

use tasktrail_domain::task_history::{
    ExpiredCounts, RemovalLimits, RemovalResult, RetentionPolicy, RetentionRule, StatusSet,
    TaskStatus,
};
use tokio::time::Instant;

use super::{DatabaseManager, Result};
#[cfg(feature = "postgres")]
use crate::DatabaseError;
use crate::maintenance::{CleanupEstimate, CleanupOptions, CleanupReport};
use crate::telemetry;

impl DatabaseManager {
    /// Removes every task that came to an end and has had no activity in the last `days` days, in bounded
    /// batches, and tells how much went.
    ///
    /// Tasks that are still `pending` or `running` stay, however old; [`clean_up`](Self::clean_up) takes a
    /// policy that covers them.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. The batches that were done stay done.
    pub async fn cleanup_old_tasks(&self, days: u32) -> Result<RemovalResult> {
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let policy = RetentionRule::older_than(age).at(self.0.clock.now());
        let gone = self
            .clean_up(&policy, &CleanupOptions::default(), |_| {})
            .await?;
        Ok(RemovalResult {
            tasks: gone.tasks,
            entries: gone.entries,
            next: None,
        })
    }

    /// Removes what a policy covers: partitions that have expired as a whole are dropped, the other tasks
    /// go in bounded batches. Saves go on meanwhile.
    ///
    /// `progress` is called after each step with what has gone so far. Another run begins anew; two at once
    /// do not collide.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`]. What was removed before stays removed. That partitions cannot be dropped is no
    /// error: their tasks go in batches, and [`CleanupReport::drop_failures`] tells why.
    ///
    /// # Cancel safety
    ///
    /// What was removed before the call was dropped stays removed. A batch that was under way is removed
    /// as a whole or not at all.
    pub async fn clean_up(
        &self,
        policy: &RetentionPolicy,
        options: &CleanupOptions,
        mut progress: impl FnMut(&CleanupReport) + Send,
    ) -> Result<CleanupReport> {
        let began = Instant::now();
        let histories = self.task_history()?;
        let mut gone = CleanupReport::default();
        if options.drop_partitions {
            self.drop_partitions(policy, options.time_budget, &mut gone)
                .await?;
            for failure in &gone.drop_failures {
                tracing::info!(failure, "tasks are removed row by row");
            }
            progress(&gone);
        }
        let mut batch = RemovalLimits {
            tasks: options.batch_tasks,
            entries: options.batch_entries,
            after: None,
        };
        while options
            .time_budget
            .is_none_or(|budget| began.elapsed() < budget)
        {
            let batch_began = Instant::now();
            let removed = histories.remove_expired(policy, &batch).await?;
            telemetry::removed(removed.tasks, removed.entries);
            gone.tasks += removed.tasks;
            gone.entries += removed.entries;
            gone.took = began.elapsed();
            progress(&gone);
            gone.complete = removed.next.is_none();
            if gone.complete {
                break;
            }
            batch.after = removed.next;
            if options.throttle {
                let left = options
                    .time_budget
                    .map(|budget| budget.saturating_sub(began.elapsed()));
                let rest = batch_began.elapsed();
                tokio::time::sleep(left.map_or(rest, |left| rest.min(left))).await;
            }
        }
        gone.took = began.elapsed();
        Ok(gone)
    }

    /// What a clean-up by this policy would remove, and what it would leave although it is as old. Removes
    /// nothing. The cost grows with the number of tasks in scope.
    ///
    /// # Errors
    ///
    /// See [`DatabaseManager`], or [`Storage`](crate::DatabaseError::Storage).
    pub async fn estimate_cleanup(&self, policy: &RetentionPolicy) -> Result<CleanupEstimate> {
        let histories = self.task_history()?;
        let open = TaskStatus::ALL.into_iter().filter(|status| {
            !status.is_terminal() && (policy.finished_only || !policy.statuses.contains(*status))
        });
        let stuck = RetentionPolicy {
            statuses: StatusSet::only(open),
            finished_only: false,
            ..policy.clone()
        };
        let expired = histories.expired(policy).await?;
        Ok(CleanupEstimate {
            bytes: self.bytes_of(&expired).await?,
            stuck: histories.expired(&stuck).await?,
            expired,
        })
    }

    /// By the average row of each table.
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
    #[expect(clippy::unused_async, reason = "memory is not measured")]
    async fn bytes_of(&self, _expired: &ExpiredCounts) -> Result<Option<u64>> {
        Ok(None)
    }

    /// What cannot be dropped goes in batches, so nothing that is in the way ends the clean-up.
    #[cfg(feature = "postgres")]
    async fn drop_partitions(
        &self,
        policy: &RetentionPolicy,
        within: Option<Duration>,
        gone: &mut CleanupReport,
    ) -> Result<()> {
        let retired = match self.drop_expired_partitions(policy, within).await {
            Ok(retired) => retired,
            Err(DatabaseError::Partition(error)) => {
                gone.drop_failures.push(told(&error));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for partition in retired {
            if partition.dropped {
                telemetry::partition_dropped();
                telemetry::removed(partition.tasks, partition.entries);
                gone.tasks += partition.tasks;
                gone.entries += partition.entries;
                gone.partitions.push(partition.partition);
            } else if let Some(failure) = partition.failure {
                let name = partition.partition;
                gone.drop_failures
                    .push(format!("{name} was not dropped: {failure}"));
            }
        }
        Ok(())
    }

    #[cfg(not(feature = "postgres"))]
    #[expect(clippy::unused_async, reason = "memory has no partitions")]
    async fn drop_partitions(
        &self,
        _policy: &RetentionPolicy,
        _within: Option<Duration>,
        _gone: &mut CleanupReport,
    ) -> Result<()> {
        Ok(())
    }
}

#[cfg(feature = "postgres")]
pub(super) fn told(error: &tasktrail_postgres_admin::PartitionError) -> String {
    tasktrail_domain::repository::ErrorChain(error).to_string()
}
