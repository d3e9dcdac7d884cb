//! Retention: the options and results of cleanups and scheduled maintenance.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::{ExpiredCounts, RemovalLimits};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::DatabaseError;

/// Options of [`clean_up`](crate::DatabaseManager::clean_up).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupOptions {
    /// Maximum number of tasks that are removed in one transaction. Defaults to 100.
    pub batch_tasks: PageSize,
    /// Maximum number of entries that are removed in one transaction. A single task with more
    /// entries is still removed in one transaction. Defaults to 10 000.
    pub batch_entries: u64,
    /// Time budget of the cleanup, including drops of partitions and pauses. No batch or drop is
    /// started after it; one that has started is completed. The next run removes the rest. No limit
    /// by default.
    pub time_budget: Option<Duration>,
    /// Whether to pause after each batch for as long as the batch took, so that concurrent saves
    /// are not slowed down. On by default. Without pauses a cleanup takes half the time.
    pub throttle: bool,
    /// Whether to drop partitions whose tasks have expired, if the table of entries is partitioned
    /// and the role owns it. On by default.
    pub drop_partitions: bool,
}

impl Default for CleanupOptions {
    fn default() -> Self {
        let batch = RemovalLimits::default();
        Self {
            batch_tasks: batch.tasks,
            batch_entries: batch.entries,
            time_budget: None,
            throttle: true,
            drop_partitions: true,
        }
    }
}

impl CleanupOptions {
    /// Sets [`batch_tasks`](Self::batch_tasks).
    #[must_use]
    pub fn with_batch_tasks(mut self, tasks: PageSize) -> Self {
        self.batch_tasks = tasks;
        self
    }

    /// Sets [`batch_entries`](Self::batch_entries).
    #[must_use]
    pub fn with_batch_entries(mut self, entries: u64) -> Self {
        self.batch_entries = entries;
        self
    }

    /// Sets [`time_budget`](Self::time_budget).
    #[must_use]
    pub fn with_time_budget(mut self, budget: impl Into<Option<Duration>>) -> Self {
        self.time_budget = budget.into();
        self
    }

    /// Sets [`throttle`](Self::throttle).
    #[must_use]
    pub fn with_throttle(mut self, throttle: bool) -> Self {
        self.throttle = throttle;
        self
    }

    /// Sets [`drop_partitions`](Self::drop_partitions).
    #[must_use]
    pub fn with_drop_partitions(mut self, drop: bool) -> Self {
        self.drop_partitions = drop;
        self
    }
}

/// What a cleanup removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupReport {
    /// Number of removed tasks.
    pub tasks: u64,
    /// Number of removed entries.
    pub entries: u64,
    /// The dropped partitions, oldest first.
    pub partitions: Vec<String>,
    /// Why partitions that may have expired were not dropped. Their tasks are removed row by row.
    pub drop_failures: Vec<String>,
    /// Whether every task was checked; `false` if the time budget ended first.
    pub complete: bool,
    /// Duration of the cleanup.
    pub took: Duration,
}

/// What a cleanup of orchestration removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrchestrationCleanup {
    /// Number of removed tasks.
    pub tasks: u64,
    /// Whether every ended task was checked; `false` if the time budget ended first.
    pub complete: bool,
    /// Duration of the cleanup.
    pub took: Duration,
}

/// What a cleanup would remove, and the open tasks of the same age that it would keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupEstimate {
    /// What would be removed.
    pub expired: ExpiredCounts,
    /// Size of what would be removed, in bytes, estimated from the average row; `None` in memory.
    /// Removed rows free space for new rows; a dropped partition returns its space to the operating
    /// system.
    pub bytes: Option<u64>,
    /// Stuck tasks: tasks in scope that are `pending` or `running`, have had no activity since the
    /// cutoff, and are not covered by the policy. Their worker may have died. The newest tasks that
    /// the policy keeps are not counted.
    pub stuck: ExpiredCounts,
    /// Unfinished tasks: tasks that the policy would cover, but keeps because they were never
    /// finished ([`keep_unfinished`](tasktrail_domain::task_history::RetentionPolicy::keep_unfinished)).
    /// Their last step is `completed`, for example. Their worker may have died before the next step,
    /// or does not finish its tasks.
    pub unfinished: ExpiredCounts,
}

/// A step of a maintenance run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaintenanceStep {
    /// Applying a retention rule, by its index in [`MaintenancePolicy::rules`](crate::MaintenancePolicy::rules).
    Rule(usize),
    /// Applying a retention rule of orchestration, by its index in
    /// [`MaintenancePolicy::orchestration_rules`](crate::MaintenancePolicy::orchestration_rules).
    OrchestrationRule(usize),
    /// Creating partitions for the months ahead.
    Months,
}

impl fmt::Display for MaintenanceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(index) => write!(f, "rule {index}"),
            Self::OrchestrationRule(index) => write!(f, "orchestration rule {index}"),
            Self::Months => f.write_str("months ahead"),
        }
    }
}

/// A failed step of a maintenance run. The other steps still ran.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MaintenanceFailure {
    /// The step.
    pub step: MaintenanceStep,
    /// Why it failed.
    pub error: Arc<DatabaseError>,
}

/// The result of a maintenance run.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MaintenanceRun {
    /// Total of what the rules removed, including rules that failed halfway.
    pub cleaned_up: CleanupReport,
    /// Total of what the rules of orchestration removed, including rules that failed halfway.
    pub orchestration: OrchestrationCleanup,
    /// The failed steps, in order; empty if all succeeded.
    pub failures: Vec<MaintenanceFailure>,
    /// The partitions that were created.
    pub made: Vec<String>,
    /// Why partitions for the months ahead could not be created; `None` if none were missing. Saves
    /// do not fail: entries after the last month go to an open-ended partition.
    pub failure: Option<String>,
    /// Whether the run was skipped because another process was maintaining the database.
    pub skipped: bool,
}

/// Handle of scheduled maintenance, which runs until the manager is closed, [`stop`](Self::stop) is
/// called, or the handle is dropped.
#[derive(Debug)]
#[must_use = "maintenance stops when the handle is dropped"]
pub struct MaintenanceHandle {
    task: JoinHandle<()>,
    runs: watch::Receiver<Runs>,
}

/// The number of finished runs, and the result of the last one.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) ended: u64,
    pub(crate) last: Option<Result<MaintenanceRun, DatabaseError>>,
}

impl MaintenanceHandle {
    pub(crate) fn new(task: JoinHandle<()>, runs: watch::Receiver<Runs>) -> Self {
        Self { task, runs }
    }

    /// Returns the number of finished runs, including failed and skipped ones.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.borrow().ended
    }

    /// Calls `read` with the result of the last run, and returns what it returns; `None` before the
    /// first run has finished. Runs cannot report their result while `read` runs, so keep it short.
    pub fn last_run<T>(
        &self,
        read: impl FnOnce(Option<&Result<MaintenanceRun, DatabaseError>>) -> T,
    ) -> T {
        read(self.runs.borrow().last.as_ref())
    }

    /// Waits until the next run has finished. Returns `false` if the manager is closed, so that no
    /// further run follows.
    ///
    /// # Cancel safety
    ///
    /// If you drop the future, the next call returns for a run that has finished since.
    pub async fn next_run(&mut self) -> bool {
        self.runs.changed().await.is_ok()
    }

    /// Stops maintenance and waits until it has stopped. The current batch is aborted: it is
    /// removed completely or not at all.
    pub async fn stop(mut self) {
        self.task.abort();
        // An error: the task was aborted.
        let _aborted = (&mut self.task).await;
    }
}

impl Drop for MaintenanceHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
