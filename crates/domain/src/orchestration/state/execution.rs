use crate::text_enum::text_enum;

text_enum! {
    /// The state of an execution, which is one attempt of an agent at a task.
    ///
    /// An execution is *open* while it is `assigned` or `running`, and occupies a slot of its
    /// agent.
    ExecutionState, "execution state" {
        /// The agent has the task, but has not reported that it started.
        Assigned = "assigned",
        /// The agent has started.
        Running = "running",
        /// The agent reported success.
        Completed = "completed",
        /// The agent reported an error.
        Failed = "failed",
        /// The task was cancelled.
        Cancelled = "cancelled",
        /// The attempt exceeded its time limit.
        TimedOut = "timed_out",
        /// The agent gave the task back, or was retired. The attempt is not counted.
        Released = "released",
        /// The agent asked a question and waits for the answer. The attempt is not counted.
        Waiting = "waiting",
        /// The lease of the agent ended, or its process was replaced by a new instance.
        Lost = "lost",
    }
}

impl ExecutionState {
    /// Returns whether the execution is open: assigned or running.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Assigned | Self::Running)
    }

    /// Returns whether the attempt counts towards the maximum number of attempts of its task: it
    /// does if it failed, timed out or was lost.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Lost)
    }

    /// Returns whether an execution may change from this state to `next`: an assigned one to
    /// running, and an open one to any closed state.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Assigned, Self::Running) => true,
            (open, closed) => open.is_open() && !closed.is_open(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExecutionState::{self, Assigned, Failed, Lost, Running, TimedOut};

    #[test]
    fn execution_changes_only_as_listed() {
        for from in ExecutionState::ALL {
            for to in ExecutionState::ALL {
                let starts = (*from, *to) == (Assigned, Running);
                let is_open = |state| [Assigned, Running].contains(state);
                let closes = is_open(from) && !is_open(to);
                assert_eq!(from.may_become(*to), starts || closes, "{from} to {to}");
                assert_eq!(from.is_open(), is_open(from), "{from}");
            }
        }
    }

    #[test]
    fn failures_timeouts_and_losses_are_counted() {
        let counted = ExecutionState::ALL.iter().filter(|end| end.is_counted());

        assert_eq!(
            counted.copied().collect::<Vec<_>>(),
            [Failed, TimedOut, Lost]
        );
    }
}
