mod cursor;
mod rule;

pub use self::cursor::RemovalCursor;
pub use self::rule::RetentionRule;
use super::{Scope, StatusSet, TaskStatus, TaskSummary};
use crate::repository::PageSize;
use crate::timestamp::Timestamp;

/// Which tasks have expired and may be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Only tasks with their last activity before this instant.
    pub cutoff: Timestamp,
    /// Only tasks of these statuses. All by default.
    pub statuses: StatusSet,
    /// Only tasks that were finished, not merely those whose last step is done. Off by default.
    pub finished_only: bool,
    /// Only this user's tasks. Everybody's by default.
    pub scope: Scope,
    /// Of each user's tasks, as a list of all of them begins, so many stay whatever else is said: the
    /// newest. 0 by default.
    pub keep_newest: u64,
}

impl RetentionPolicy {
    /// Every task with its last activity before `cutoff`, also those that are still `pending` or `running`.
    #[must_use]
    pub fn older_than(cutoff: Timestamp) -> Self {
        Self {
            cutoff,
            statuses: StatusSet::ALL,
            finished_only: false,
            scope: Scope::Everyone,
            keep_newest: 0,
        }
    }

    /// Every task that came to an end, with its last activity before `cutoff`: of a terminal status.
    #[must_use]
    pub fn terminal_before(cutoff: Timestamp) -> Self {
        Self {
            statuses: StatusSet::only(TaskStatus::ALL.into_iter().filter(|s| s.is_terminal())),
            ..Self::older_than(cutoff)
        }
    }

    /// Every task that is still `pending` or `running`, with its last activity before `cutoff`: what was to
    /// work on it may have died.
    #[must_use]
    pub fn stuck_since(cutoff: Timestamp) -> Self {
        Self {
            statuses: StatusSet::only(TaskStatus::ALL.into_iter().filter(|s| !s.is_terminal())),
            ..Self::older_than(cutoff)
        }
    }

    /// Whether a task has expired, unless it is one of the newest that stay: that is not seen from it
    /// alone.
    #[must_use]
    pub fn covers(&self, task: &TaskSummary) -> bool {
        let in_scope = match &self.scope {
            Scope::Everyone => true,
            Scope::User(user) => task.task.user == *user,
        };
        in_scope
            && task.last_updated < self.cutoff
            && self.statuses.contains(task.status)
            && (!self.finished_only || task.finished_at.is_some())
    }
}

/// How much one call removes at most, and what it comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalLimits {
    /// At most so many tasks. Defaults to 100.
    pub tasks: PageSize,
    /// At most so many entries, unless the first task alone has more. Defaults to 10 000.
    pub entries: u64,
    /// The [`next`](RemovalResult::next) of the removal before; `None` to begin.
    pub after: Option<RemovalCursor>,
}

impl RemovalLimits {
    /// How many of these tasks, given by their numbers of entries, one batch takes.
    ///
    /// Both bounds are kept, but for a first task that exceeds the bound on entries alone.
    pub fn admits(&self, entries_by_task: impl IntoIterator<Item = u64>) -> usize {
        let mut total = 0_u64;
        entries_by_task
            .into_iter()
            .take(self.tasks.get())
            .enumerate()
            .take_while(|(index, entries)| {
                total = total.saturating_add(*entries);
                *index == 0 || total <= self.entries
            })
            .count()
    }
}

impl Default for RemovalLimits {
    fn default() -> Self {
        Self {
            tasks: PageSize::DEFAULT,
            entries: 10_000,
            after: None,
        }
    }
}

/// What one call removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemovalResult {
    /// How many tasks went.
    pub tasks: u64,
    /// How many entries went with them.
    pub entries: u64,
    /// Where the next batch goes on; `None` when every task has been looked at.
    pub next: Option<RemovalCursor>,
}

/// What a removal would take away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpiredCounts {
    /// How many tasks.
    pub tasks: u64,
    /// How many entries they have.
    pub entries: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_either_settled_or_stuck() {
        let settled = RetentionPolicy::terminal_before(Timestamp::MAX).statuses;
        let stuck = RetentionPolicy::stuck_since(Timestamp::MAX).statuses;

        for status in TaskStatus::ALL {
            assert_eq!(settled.contains(status), status.is_terminal());
            assert_eq!(stuck.contains(status), !status.is_terminal());
        }
    }

    #[test]
    fn a_batch_is_bounded_in_tasks_and_in_entries() {
        let batch = RemovalLimits {
            tasks: PageSize::new(3).unwrap(),
            entries: 10,
            after: None,
        };

        assert_eq!(batch.admits([1, 1, 1, 1]), 3);
        assert_eq!(batch.admits([5, 5, 1]), 2);
        assert_eq!(batch.admits([11, 1]), 1);
        assert_eq!(batch.admits([]), 0);
    }
}
