mod cursor;
mod rule;

pub use self::cursor::RemovalCursor;
pub use self::rule::RetentionRule;
use super::{Scope, StatusSet, TaskStatus, TaskSummary};
use crate::repository::PageSize;
use crate::timestamp::Timestamp;

/// Defines which tasks have expired and may be removed. By default, a cleanup keeps a task that was
/// never finished, whatever the status of its last step: see
/// [`finished_before`](Self::finished_before).
///
/// A task that says `completed` or `failed`, but was never finished, may be one whose worker died
/// before the next step. Removing it would hide that. To find such tasks, list those with
/// [`finished`](super::TaskFilter::finished) set to false.
///
/// ```
/// use tasktrail_domain::task_history::{RetentionPolicy, TaskStatus};
/// use tasktrail_domain::timestamp::Timestamp;
///
/// let cutoff: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let policy = RetentionPolicy::finished_before(cutoff)
///     .with_statuses(TaskStatus::Completed)
///     .with_keep_newest(10);
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionPolicy {
    /// Covers only tasks with their last activity before this instant.
    pub cutoff: Timestamp,
    /// Covers only tasks with these statuses.
    pub statuses: StatusSet,
    /// Keeps tasks that have a terminal status from their last step, but were never finished. Does
    /// not apply to tasks that are `pending` or `running`, which only [`statuses`](Self::statuses)
    /// selects.
    pub keep_unfinished: bool,
    /// Covers only the tasks of this user. Defaults to all users.
    pub scope: Scope,
    /// Number of newest tasks of each user that are kept in any case: the first in the list of the
    /// user's tasks. Defaults to 0.
    pub keep_newest: u64,
}

impl RetentionPolicy {
    /// Covers every task that was finished and has its last activity before `cutoff`.
    #[must_use]
    pub fn finished_before(cutoff: Timestamp) -> Self {
        Self {
            keep_unfinished: true,
            ..Self::terminal_before(cutoff)
        }
    }

    /// Covers every task with its last activity before `cutoff`, also those that are `pending` or
    /// `running`, or were never finished.
    #[must_use]
    pub fn every_task_before(cutoff: Timestamp) -> Self {
        Self {
            cutoff,
            statuses: StatusSet::ALL,
            keep_unfinished: false,
            scope: Scope::Everyone,
            keep_newest: 0,
        }
    }

    /// Covers every task with a terminal status and its last activity before `cutoff`, whether it
    /// was finished or not.
    #[must_use]
    pub fn terminal_before(cutoff: Timestamp) -> Self {
        Self {
            statuses: StatusSet::only(TaskStatus::ALL.into_iter().filter(|s| s.is_terminal())),
            ..Self::every_task_before(cutoff)
        }
    }

    /// Covers every stuck task: `pending` or `running`, with its last activity before `cutoff`. Its
    /// worker may have died.
    #[must_use]
    pub fn stuck_since(cutoff: Timestamp) -> Self {
        Self {
            statuses: StatusSet::only(TaskStatus::ALL.into_iter().filter(|s| !s.is_terminal())),
            ..Self::every_task_before(cutoff)
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

    /// Returns whether a task has expired, regardless of [`keep_newest`](Self::keep_newest), which
    /// depends on the other tasks of the user.
    #[must_use]
    pub fn covers(&self, task: &TaskSummary) -> bool {
        let in_scope = match &self.scope {
            Scope::Everyone => true,
            Scope::User(user) => task.task.user == *user,
        };
        in_scope
            && task.last_updated < self.cutoff
            && self.statuses.contains(task.status)
            && (!self.keep_unfinished || task.is_finished() || !task.status.is_terminal())
    }
}

/// The limits of one batch of removals, and the position that it starts after.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalLimits {
    /// Maximum number of tasks. Defaults to 100.
    pub tasks: PageSize,
    /// Maximum number of entries. The first task is removed even if it has more. Defaults to 10
    /// 000.
    pub entries: u64,
    /// The [`next`](RemovalResult::next) of the previous batch; `None` for the first batch.
    pub after: Option<RemovalCursor>,
}

impl RemovalLimits {
    /// Sets [`tasks`](Self::tasks).
    #[must_use]
    pub fn with_tasks(mut self, tasks: PageSize) -> Self {
        self.tasks = tasks;
        self
    }

    /// Sets [`entries`](Self::entries).
    #[must_use]
    pub fn with_entries(mut self, entries: u64) -> Self {
        self.entries = entries;
        self
    }

    /// Sets [`after`](Self::after).
    #[must_use]
    pub fn with_after(mut self, cursor: impl Into<Option<RemovalCursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// Returns how many of these tasks, given by their numbers of entries, fit into one batch.
    ///
    /// Both limits apply, except that the first task may exceed the limit on entries.
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

/// What one batch removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalResult {
    /// Number of removed tasks.
    pub tasks: u64,
    /// Number of removed entries.
    pub entries: u64,
    /// The position that the next batch starts after; `None` if every task has been checked.
    pub next: Option<RemovalCursor>,
}

impl RemovalResult {
    /// Creates the result of a batch from the numbers of removed tasks and entries, and the position
    /// that the next batch starts after.
    #[must_use]
    pub const fn new(tasks: u64, entries: u64, next: Option<RemovalCursor>) -> Self {
        Self {
            tasks,
            entries,
            next,
        }
    }
}

/// What a policy would remove.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpiredCounts {
    /// Number of expired tasks.
    pub tasks: u64,
    /// Number of their entries.
    pub entries: u64,
}

impl ExpiredCounts {
    /// Creates the counts from the numbers of expired tasks and of their entries.
    #[must_use]
    pub const fn new(tasks: u64, entries: u64) -> Self {
        Self { tasks, entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_either_terminal_or_stuck() {
        let terminal = RetentionPolicy::terminal_before(Timestamp::MAX).statuses;
        let stuck = RetentionPolicy::stuck_since(Timestamp::MAX).statuses;

        for status in TaskStatus::ALL {
            assert_eq!(terminal.contains(status), status.is_terminal());
            assert_eq!(stuck.contains(status), !status.is_terminal());
        }
    }

    #[test]
    fn batch_is_limited_by_tasks_and_entries() {
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
