use std::fmt;

use crate::task_history::{FinalStatus, TaskStatus};
use crate::text_enum::text_enum;

text_enum! {
    /// The state of a task.
    ///
    /// `completed`, `failed`, `cancelled`, `timed_out` and `skipped` end a task. An ended task
    /// never changes: to run it again, create a new task.
    TaskState, "task state" {
        /// Waits for prerequisites.
        Blocked = "blocked",
        /// Can be claimed or assigned, as soon as it is due.
        Ready = "ready",
        /// An agent has it, but has not reported that it started.
        Assigned = "assigned",
        /// An agent executes it.
        Running = "running",
        /// An agent asked a question. The task occupies no slot until it is answered.
        Waiting = "waiting",
        /// Succeeded.
        Completed = "completed",
        /// Failed, with no attempt left, or no retry requested.
        Failed = "failed",
        /// Was cancelled.
        Cancelled = "cancelled",
        /// The last attempt exceeded its time limit.
        TimedOut = "timed_out",
        /// Never ran, because a prerequisite that had to succeed did not.
        Skipped = "skipped",
    }
}

impl TaskState {
    /// Returns whether the task has ended.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut | Self::Skipped
        )
    }

    /// Returns whether an agent has the task: it is assigned or running.
    #[must_use]
    pub const fn is_executing(self) -> bool {
        matches!(self, Self::Assigned | Self::Running)
    }

    /// Returns whether a task may change from this state to `next`.
    ///
    /// | from | to | by |
    /// | --- | --- | --- |
    /// | blocked | ready | the last open dependency is met or removed |
    /// | ready | blocked | a dependency is added |
    /// | ready | assigned | claim, assign |
    /// | assigned | running | start |
    /// | assigned, running | completed | report |
    /// | assigned, running | ready | report of a failure with attempts left, or of a release; reap, or a new instance of the agent, with attempts left; retirement of the agent |
    /// | assigned, running | waiting | report of a question |
    /// | waiting | ready | resume |
    /// | assigned, running | failed | report of a failure, or reap, or a new instance of the agent, with no attempt left; report of a failure without a retry |
    /// | assigned, running | timed out | reap after the time limit, with no attempt left |
    /// | blocked, ready, assigned, running, waiting | cancelled | cancel |
    /// | blocked | skipped | a prerequisite that had to succeed ended otherwise |
    /// | ready | skipped | a dependency on such a prerequisite is added |
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Blocked, Self::Ready | Self::Skipped)
            | (Self::Ready, Self::Blocked | Self::Assigned | Self::Skipped)
            | (Self::Assigned, Self::Running)
            | (
                Self::Assigned | Self::Running,
                Self::Completed | Self::Ready | Self::Waiting | Self::Failed | Self::TimedOut,
            )
            | (Self::Waiting, Self::Ready) => true,
            (open, Self::Cancelled) => !open.is_ended(),
            _ => false,
        }
    }

    /// Returns the status of the task in the task history: `pending` for a task that is blocked,
    /// ready, assigned or waiting, and `cancelled` for one that was skipped.
    #[must_use]
    pub const fn status(self) -> TaskStatus {
        match self {
            Self::Blocked | Self::Ready | Self::Assigned | Self::Waiting => TaskStatus::Pending,
            Self::Running => TaskStatus::Running,
            Self::Completed => TaskStatus::Completed,
            Self::Failed => TaskStatus::Failed,
            Self::Cancelled | Self::Skipped => TaskStatus::Cancelled,
            Self::TimedOut => TaskStatus::TimedOut,
        }
    }

    /// Returns the status that finishes the task in the task history; `None` while it is open.
    #[must_use]
    pub fn final_status(self) -> Option<FinalStatus> {
        self.status().try_into().ok()
    }
}

/// A set of task states, for filters. The default is all states.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskStateSet([bool; TaskState::ALL.len()]);

impl TaskStateSet {
    /// All states.
    pub const ALL: Self = Self([true; TaskState::ALL.len()]);

    /// Creates a set of only these states.
    pub fn only(states: impl IntoIterator<Item = TaskState>) -> Self {
        let chosen: Vec<_> = states.into_iter().collect();
        let mut set = Self([false; TaskState::ALL.len()]);
        for (state, is_chosen) in TaskState::ALL.iter().zip(&mut set.0) {
            *is_chosen = chosen.contains(state);
        }
        set
    }

    /// The states of tasks that have not ended.
    #[must_use]
    pub fn open() -> Self {
        Self::only(Self::ALL.iter().filter(|state| !state.is_ended()))
    }

    /// Returns whether the set contains `state`.
    #[must_use]
    pub fn contains(self, state: TaskState) -> bool {
        self.iter().any(|chosen| chosen == state)
    }

    /// Returns the states of the set, in the order of the variants.
    pub fn iter(self) -> impl Iterator<Item = TaskState> {
        let all = TaskState::ALL.iter().zip(self.0);
        all.filter_map(|(state, is_chosen)| is_chosen.then_some(*state))
    }
}

impl Default for TaskStateSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl From<TaskState> for TaskStateSet {
    fn from(state: TaskState) -> Self {
        Self::only([state])
    }
}

impl fmt::Debug for TaskStateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::TaskState::{
        self, Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut,
        Waiting,
    };
    use super::*;

    fn listed(from: TaskState) -> &'static [TaskState] {
        match from {
            Blocked => &[Ready, Cancelled, Skipped],
            Ready => &[Blocked, Assigned, Cancelled, Skipped],
            Assigned => &[
                Ready, Running, Waiting, Completed, Failed, Cancelled, TimedOut,
            ],
            Running => &[Ready, Waiting, Completed, Failed, Cancelled, TimedOut],
            Waiting => &[Ready, Cancelled],
            Completed | Failed | Cancelled | TimedOut | Skipped => &[],
        }
    }

    #[test]
    fn task_changes_only_as_listed() {
        for from in TaskState::ALL {
            let to = TaskState::ALL.iter().filter(|to| from.may_become(**to));
            assert_eq!(to.copied().collect::<Vec<_>>(), listed(*from), "{from}");
            assert_eq!(from.is_ended(), listed(*from).is_empty(), "{from}");
        }
    }

    #[test]
    fn task_is_finished_in_the_history_exactly_if_it_ended() {
        let statuses = TaskState::ALL.iter().map(|state| state.status());

        assert_eq!(
            statuses.collect::<Vec<_>>(),
            [
                TaskStatus::Pending,
                TaskStatus::Pending,
                TaskStatus::Pending,
                TaskStatus::Running,
                TaskStatus::Pending,
                TaskStatus::Completed,
                TaskStatus::Failed,
                TaskStatus::Cancelled,
                TaskStatus::TimedOut,
                TaskStatus::Cancelled,
            ]
        );
        for state in TaskState::ALL {
            let finish = state.final_status().map(TaskStatus::from);
            assert_eq!(finish, state.is_ended().then(|| state.status()), "{state}");
        }
    }

    #[test]
    fn assigned_and_running_tasks_are_executing() {
        let executing = TaskState::ALL.iter().filter(|state| state.is_executing());

        assert_eq!(executing.copied().collect::<Vec<_>>(), [Assigned, Running]);
    }

    #[test]
    fn state_set_contains_only_the_given_states() {
        let set = TaskStateSet::only([Skipped, Blocked, Skipped]);

        assert_eq!(set.iter().collect::<Vec<_>>(), [Blocked, Skipped]);
        assert!(set.contains(Blocked) && !set.contains(Ready));
        assert_eq!(format!("{set:?}"), "{Blocked, Skipped}");
        assert_eq!(TaskStateSet::from(Ready), TaskStateSet::only([Ready]));
        assert_eq!(TaskStateSet::only([]).iter().next(), None);
    }

    #[test]
    fn default_set_has_all_states_and_the_open_set_those_that_have_not_ended() {
        let all = TaskStateSet::default();

        assert_eq!(all.iter().collect::<Vec<_>>(), TaskState::ALL);
        assert_eq!(all, TaskStateSet::only(TaskState::ALL.iter().copied()));
        assert_eq!(
            TaskStateSet::open().iter().collect::<Vec<_>>(),
            [Blocked, Ready, Assigned, Running, Waiting]
        );
    }
}
