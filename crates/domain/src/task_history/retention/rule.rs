use std::time::Duration;

use super::RetentionPolicy;
use crate::task_history::{Scope, StatusSet};
use crate::timestamp::Timestamp;

/// A retention rule by age. Unlike a [`RetentionPolicy`], it has no fixed cutoff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionRule {
    /// Covers only tasks without activity for this duration.
    pub older_than: Duration,
    /// Covers only tasks with these statuses. Defaults to the terminal ones: `completed`,
    /// `cancelled`, `timed_out` and `failed`.
    pub statuses: StatusSet,
    /// Covers only tasks that were finished explicitly, not those that merely have a terminal
    /// status from their last step. Off by default.
    pub finished_only: bool,
    /// Covers only the tasks of this user. Defaults to all users.
    pub scope: Scope,
    /// Number of newest tasks of each user that are kept in any case. Defaults to 0.
    pub keep_newest: u64,
}

impl RetentionRule {
    /// Covers every task with a terminal status and without activity for `age`.
    #[must_use]
    pub fn older_than(age: Duration) -> Self {
        let policy = RetentionPolicy::terminal_before(Timestamp::MAX);
        Self {
            older_than: age,
            statuses: policy.statuses,
            finished_only: policy.finished_only,
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

    /// Sets [`finished_only`](Self::finished_only).
    #[must_use]
    pub fn with_finished_only(mut self, finished_only: bool) -> Self {
        self.finished_only = finished_only;
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
            finished_only: self.finished_only,
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
        assert_eq!(rule.at(now), RetentionPolicy::terminal_before(cutoff));
    }
}
