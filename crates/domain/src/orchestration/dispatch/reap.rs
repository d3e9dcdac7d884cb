use serde::{Deserialize, Serialize};

use crate::TaskId;
use crate::number::bounded_number;
use crate::orchestration::{AgentId, AttemptKey, ExecutionState, TaskState};

bounded_number! {
    /// The maximum number of executions that one call reaps: 1 to 100, which is the default.
    ReapLimit(i16), "limit", 1 to 100, default 100
}

/// An attempt that was closed because its agent is offline, or its deadline passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReapedAttempt {
    /// The attempt.
    pub attempt: AttemptKey,
    /// The agent.
    pub agent: AgentId,
    /// The state of the execution: `lost` or `timed_out`.
    pub end: ExecutionState,
    /// The state of the task after that.
    pub state: TaskState,
    /// The tasks that were skipped because of that, in ascending order.
    pub skipped: Vec<TaskId>,
}

impl ReapedAttempt {
    /// Creates the result for an attempt.
    #[must_use]
    pub const fn new(
        attempt: AttemptKey,
        agent: AgentId,
        end: ExecutionState,
        state: TaskState,
        skipped: Vec<TaskId>,
    ) -> Self {
        Self {
            attempt,
            agent,
            end,
            state,
            skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_reaps_1_to_100_executions() {
        assert_eq!((ReapLimit::MIN.get(), ReapLimit::MAX.get()), (1, 100));
        assert_eq!(ReapLimit::default(), ReapLimit::MAX);
        assert_eq!(
            ReapLimit::new(101).unwrap_err().to_string(),
            "limit must be 1 to 100, got 101"
        );
    }
}
