use std::time::Duration;

use super::RetentionPolicy;
use crate::task_history::{Scope, StatusSet};
use crate::timestamp::Timestamp;

/// A retention rule by age. A task that was never finished is kept by default, whatever the status
/// of its last step.
///
/// Unlike a [`RetentionPolicy`], it has no fixed cutoff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionRule {
    /// Covers only tasks without activity for this duration.
    pub older_than: Duration,
    /// Covers only tasks with these statuses. Defaults to the terminal ones: `completed`,
    /// `cancelled`, `timed_out` and `failed`.
    pub statuses: StatusSet,
    /// Keeps tasks that have a terminal status from their last step, but were never finished. On by
    /// default. Does not apply to tasks that are `pending` or `running`, which only
    /// [`statuses`](Self::statuses) selects.
    pub keep_unfinished: bool,
    /// Covers only the tasks of this user. Defaults to all users.
    pub scope: Scope,
    /// Number of newest tasks of each user that are kept in any case. Defaults to 0.
    pub keep_newest: u64,
}

impl RetentionRule {
    /// Covers every task that was finished and has no activity for `age`.
    #[must_use]
    pub fn older_than(age: Duration) -> Self {
        let policy = RetentionPolicy::finished_before(Timestamp::MAX);
        Self {
            older_than: age,
            statuses: policy.statuses,
            keep_unfinished: policy.keep_unfinished,
            scope: policy.scope,
            keep_newest: policy.keep_newest,
        }
    }

    /// Sets [`statuses`](Self::statuses).
    #[must_use]
    pub fn with_statuses(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// Sets [`keep_unfinished`](Self::keep_unfinished).
    #[must_use]
    pub fn with_keep_unfinished(mut self, keep: bool) -> Self {
        self.keep_unfinished = keep;
        self
    }

    /// Sets [`scope`](Self::scope).
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets [`keep_newest`](Self::keep_newest).
    #[must_use]
    pub fn with_keep_newest(mut self, tasks: u64) -> Self {
        self.keep_newest = tasks;
        self
    }

    /// Returns the policy for the instant `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> RetentionPolicy {
        RetentionPolicy {
            cutoff: now.saturating_sub(self.older_than),
            statuses: self.statuses,
            keep_unfinished: self.keep_unfinished,
            scope: self.scope.clone(),
            keep_newest: self.keep_newest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_at_an_instant_has_the_cutoff_of_its_age() {
        let day = Duration::from_secs(24 * 60 * 60);
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let rule = RetentionRule::older_than(30 * day);

        let cutoff = now.saturating_sub(30 * day);
        assert_eq!(rule.at(now), RetentionPolicy::finished_before(cutoff));
    }
}
