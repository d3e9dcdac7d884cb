mod schedule;

use std::time::Duration;

use tasktrail_domain::orchestration::task::TaskRetentionRule;
use tasktrail_domain::task_history::RetentionRule;

pub use self::schedule::{DailyAt, Schedule};

/// Schedule, retention rules and limits of scheduled maintenance.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaintenancePolicy {
    /// When maintenance runs.
    pub schedule: Schedule,
    /// The retention rules, applied one after the other. A task is removed if any of them covers
    /// it.
    pub rules: Vec<RetentionRule>,
    /// The retention rules of orchestration, applied after [`rules`](Self::rules). An ended task is
    /// removed if any of them covers it, unless an open task needs it. Its history is kept.
    pub orchestration_rules: Vec<TaskRetentionRule>,
    /// Time budget for the cleanups of one run. Defaults to 1 hour.
    pub time_budget: Duration,
    /// Number of months after the current one for which partitions are created, if the table of
    /// entries is partitioned and the role owns it. Defaults to 1. Each partition makes loads
    /// slightly slower. Entries after the last month go to an open-ended partition.
    pub months_ahead: u32,
    /// How often executions are [reaped](tasktrail_domain::orchestration::dispatch::DispatchRepository::reap)
    /// whose agent is offline or whose time limit has passed, independent of the schedule; at least
    /// 1 second. Defaults to 5 seconds; `None` to never reap. Any number of processes can reap.
    pub reap_every: Option<Duration>,
}

impl MaintenancePolicy {
    /// Creates a policy without rules, which removes nothing. Add rules with
    /// [`with_rule`](Self::with_rule) and
    /// [`with_orchestration_rule`](Self::with_orchestration_rule).
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            rules: Vec::new(),
            orchestration_rules: Vec::new(),
            time_budget: Duration::from_secs(60 * 60),
            months_ahead: 1,
            reap_every: Some(Duration::from_secs(5)),
        }
    }

    /// Adds a retention rule.
    #[must_use]
    pub fn with_rule(mut self, rule: RetentionRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds a retention rule of orchestration.
    #[must_use]
    pub fn with_orchestration_rule(mut self, rule: TaskRetentionRule) -> Self {
        self.orchestration_rules.push(rule);
        self
    }

    /// Sets [`time_budget`](Self::time_budget).
    #[must_use]
    pub fn with_time_budget(mut self, budget: Duration) -> Self {
        self.time_budget = budget;
        self
    }

    /// Sets [`months_ahead`](Self::months_ahead).
    #[must_use]
    pub fn with_months_ahead(mut self, months: u32) -> Self {
        self.months_ahead = months;
        self
    }

    /// Sets [`reap_every`](Self::reap_every).
    #[must_use]
    pub fn with_reap_every(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.reap_every = interval.into();
        self
    }
}
