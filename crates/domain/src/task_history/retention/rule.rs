use std::time::Duration;

use super::RetentionPolicy;
use crate::task_history::{Scope, StatusSet};
use crate::timestamp::Timestamp;

/// A retention policy by age, which holds on any day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// Only tasks without activity for so long.
    pub older_than: Duration,
    /// Only tasks of these statuses. Those of tasks that came to an end by default.
    pub statuses: StatusSet,
    /// Only tasks that were finished, not merely those whose last step is done. Off by default.
    pub finished_only: bool,
    /// Only this user's tasks. Everybody's by default.
    pub scope: Scope,
    /// Of each user's tasks so many stay whatever else is said, the newest. 0 by default.
    pub keep_newest: u64,
}

impl RetentionRule {
    /// Every task that came to an end and has had no activity for so long.
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

    /// What it covers at an instant.
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
    fn a_rule_is_the_policy_of_a_day() {
        let day = Duration::from_secs(24 * 60 * 60);
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let rule = RetentionRule::older_than(30 * day);

        let cutoff = now.saturating_sub(30 * day);
        assert_eq!(rule.at(now), RetentionPolicy::terminal_before(cutoff));
    }
}
