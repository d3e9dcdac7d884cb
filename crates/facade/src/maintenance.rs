//! What a store needs now and then: old history removed, and months made ahead.

mod schedule;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::{ExpiredCounts, RemovalLimits, RetentionRule};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use self::schedule::{DailyAt, Schedule};
use crate::DatabaseError;

/// How a clean-up goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanupOptions {
    /// How many tasks go in one transaction at most. Defaults to 100.
    pub batch_tasks: PageSize,
    /// How many entries go in one transaction at most, unless one task alone has more. Defaults to 10 000.
    pub batch_entries: u64,
    /// The time for all of it, partitions and rests included: nothing begins after it, and what has begun is a
    /// batch or a partition, which is bounded. What is left is for the next run. No limit by default.
    pub time_budget: Option<Duration>,
    /// Whether it rests after each batch for as long as the batch took, for the sake of those who save
    /// meanwhile. On by default; off it takes half the time.
    pub throttle: bool,
    /// Whether partitions are dropped whose tasks have expired, where there are some and the role owns
    /// them. On by default.
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

/// What a clean-up removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupReport {
    /// How many tasks went.
    pub tasks: u64,
    /// How many entries went with them.
    pub entries: u64,
    /// The partitions that were dropped, the oldest first.
    pub partitions: Vec<String>,
    /// Why partitions that may have been old enough were not dropped; their tasks went row by row.
    pub drop_failures: Vec<String>,
    /// Whether every task was looked at. If not, the time was up.
    pub complete: bool,
    /// How long it took.
    pub took: Duration,
}

/// What a clean-up would remove, and what it would leave although it is as old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupEstimate {
    /// What would go.
    pub expired: ExpiredCounts,
    /// How much room that takes, in bytes, by the average row; `None` in memory. A removal lets the server
    /// use it again; a dropped partition gives it back to the system.
    pub bytes: Option<u64>,
    /// The tasks in scope that have been `pending` or `running` for as long, and that the policy does not
    /// cover: what was to work on them may have died. The newest, which stay whatever is said, are not
    /// among them.
    pub stuck: ExpiredCounts,
}

/// What is to be done again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenancePolicy {
    /// When.
    pub schedule: Schedule,
    /// What is to be removed, one rule after the other: what any of them covers goes.
    pub rules: Vec<RetentionRule>,
    /// How long the clean-up of one run may take. An hour by default.
    pub time_budget: Duration,
    /// How many months after the present one have partitions of their own, where the entries are
    /// partitioned and the role owns them. 1 by default: each costs loads a little, and what comes later has a
    /// partition as well.
    pub months_ahead: u32,
}

impl MaintenancePolicy {
    /// Nothing is removed until there are rules.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            rules: Vec::new(),
            time_budget: Duration::from_secs(60 * 60),
            months_ahead: 1,
        }
    }

    /// With one more rule.
    #[must_use]
    pub fn with_rule(mut self, rule: RetentionRule) -> Self {
        self.rules.push(rule);
        self
    }
}

/// A step of a run of the maintenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaintenanceStep {
    /// A rule, by its index in [`MaintenancePolicy::rules`].
    Rule(usize),
    /// Partitions for the months to come.
    Months,
}

impl fmt::Display for MaintenanceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(index) => write!(f, "rule {index}"),
            Self::Months => f.write_str("months ahead"),
        }
    }
}

/// A step that failed. The other steps of the run were done.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MaintenanceFailure {
    /// The step.
    pub step: MaintenanceStep,
    /// Why it failed.
    pub error: Arc<DatabaseError>,
}

/// What came of a run of the maintenance.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MaintenanceRun {
    /// What the rules removed together, those that failed included.
    pub cleaned_up: CleanupReport,
    /// The steps that failed, in their order; empty if none did.
    pub failures: Vec<MaintenanceFailure>,
    /// The partitions that were made.
    pub made: Vec<String>,
    /// Why no partitions were made for the months to come, if some should have been. Nothing fails until
    /// they are: what comes later has a partition as well.
    pub failure: Option<String>,
    /// Another process was at it, so nothing was done here.
    pub skipped: bool,
}

/// Maintenance that goes on in the background: until the manager is closed, [`stop`](Self::stop) is called,
/// or this is dropped.
#[derive(Debug)]
#[must_use = "maintenance ends when this is dropped"]
pub struct MaintenanceHandle {
    task: JoinHandle<()>,
    runs: watch::Receiver<Runs>,
}

/// What the runs came to so far.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) ended: u64,
    pub(crate) last: Option<Result<MaintenanceRun, DatabaseError>>,
}

impl MaintenanceHandle {
    pub(crate) fn new(task: JoinHandle<()>, runs: watch::Receiver<Runs>) -> Self {
        Self { task, runs }
    }

    /// How many runs have ended, also those that failed.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.borrow().ended
    }

    /// Has `look` see how the last run ended; `None` before the first.
    pub fn last_run<T>(
        &self,
        look: impl FnOnce(Option<&Result<MaintenanceRun, DatabaseError>>) -> T,
    ) -> T {
        look(self.runs.borrow().last.as_ref())
    }

    /// Waits until another run has ended; `false` if there will be none, for the manager was closed.
    ///
    /// # Cancel safety
    ///
    /// A run that ends meanwhile is not missed by the next call.
    pub async fn next_run(&mut self) -> bool {
        self.runs.changed().await.is_ok()
    }

    /// Ends it. A batch that is under way is given up, and is removed as a whole or not at all.
    pub async fn stop(mut self) {
        self.task.abort();
        // The error says that it was ended.
        let _ended = (&mut self.task).await;
    }
}

impl Drop for MaintenanceHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}
