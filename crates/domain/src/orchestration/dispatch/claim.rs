mod form;

use serde::{Deserialize, Serialize};

use self::form::ClaimForm;
use crate::TaskId;
use crate::number::bounded_number;
use crate::orchestration::task::TaskDefinition;
use crate::orchestration::{AgentKey, Attempt, Instance};
use crate::timestamp::Timestamp;

bounded_number! {
    /// The maximum number of tasks of a claim: 1 to 1000. Defaults to 1.
    ClaimLimit(i16), "limit", 1 to 1000, default 1
}

/// The claim of an agent's process for tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// The agent.
    pub agent: AgentKey,
    /// The run of its process.
    pub instance: Instance,
    /// The maximum number of tasks.
    pub limit: ClaimLimit,
}

impl Claim {
    /// Creates a claim for one task.
    #[must_use]
    pub const fn new(agent: AgentKey, instance: Instance) -> Self {
        Self {
            agent,
            instance,
            limit: ClaimLimit::DEFAULT,
        }
    }

    /// Sets [`limit`](Self::limit).
    #[must_use]
    pub const fn with_limit(mut self, limit: ClaimLimit) -> Self {
        self.limit = limit;
        self
    }
}

/// The result of a claim.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", try_from = "ClaimForm")]
pub enum ClaimOutcome {
    /// The agent has these tasks, the most urgent first. There is at least one, unless the claim is
    /// repeated after its tasks were removed.
    Claimed {
        /// The tasks.
        tasks: Vec<ClaimedTask>,
    },
    /// The agent got nothing.
    Empty {
        /// Why.
        reason: EmptyClaim,
    },
}

/// A task that an agent claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClaimedTask {
    /// The task.
    pub task: TaskId,
    /// The number of this attempt, which the agent names when it starts and reports.
    pub attempt: Attempt,
    /// What the task is.
    pub definition: TaskDefinition,
    /// When the attempt times out; `None` without a time limit. Starting moves it.
    pub deadline: Option<Timestamp>,
}

impl ClaimedTask {
    /// Creates a claimed task.
    #[must_use]
    pub const fn new(
        task: TaskId,
        attempt: Attempt,
        definition: TaskDefinition,
        deadline: Option<Timestamp>,
    ) -> Self {
        Self {
            task,
            attempt,
            definition,
            deadline,
        }
    }
}

/// Why a claim got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyClaim {
    /// No task that the agent can do is ready and due, or other claims hold those that are.
    NothingReady,
    /// The agent has as many open executions as its capacity allows.
    Full,
    /// The agent is draining.
    Draining,
    /// The agent is retired.
    Retired,
    /// The lease of the agent ended before the time of the claim. A heartbeat extends it.
    LeaseEnded,
    /// Another instance of the agent registered later.
    Replaced,
    /// The agent is not registered.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_is_for_1_to_1000_tasks() {
        assert_eq!((ClaimLimit::MIN.get(), ClaimLimit::MAX.get()), (1, 1000));
        assert_eq!(ClaimLimit::default(), ClaimLimit::MIN);
        assert_eq!(
            ClaimLimit::new(0).unwrap_err().to_string(),
            "limit must be 1 to 1000, got 0"
        );
    }
}
