use std::fmt;

use crate::task_history::{FinalStatus, TaskStatus};
use crate::text_enum::text_enum;

text_enum! {
    /// The state of a task.
    ///
    /// `completed`, `failed`, `cancelled`, `timed_out` and `skipped` end a task. An ended task stays
    /// as it is: to run it again, create a new task.
    TaskState, "task state" {
        /// Waits for prerequisites.
        Blocked = "blocked",
        /// Can be claimed or assigned, as soon as it is due.
        Ready = "ready",
        /// An agent has it, but did not report that it started.
        Assigned = "assigned",
        /// An agent executes it.
        Running = "running",
        /// An agent asked a question, and has no slot occupied meanwhile.
        Waiting = "waiting",
        /// Succeeded.
        Completed = "completed",
        /// Failed, without an attempt left or wanted.
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
    /// | assigned, running | ready | report of a failure with attempts left, or of a release; reap, or a new instance of the agent, with attempts left |
    /// | assigned, running | waiting | report of a question |
    /// | waiting | ready | resume |
    /// | assigned, running | failed | report of a failure, or a lost agent, without an attempt left or wanted |
    /// | assigned, running | timed out | reap after the time limit, without an attempt left |
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
        let mut set = Self([false; TaskState::ALL.len()]);
        for state in states {
            set.0[state as usize] = true;
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
    pub const fn contains(self, state: TaskState) -> bool {
        self.0[state as usize]
    }

    /// Returns the states of the set, in the order of the variants.
    pub fn iter(self) -> impl Iterator<Item = TaskState> {
        let all = TaskState::ALL.iter().copied();
        all.filter(move |state| self.contains(*state))
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
