mod form;

use serde::{Deserialize, Serialize};

use self::form::AssignForm;
use crate::Document;
use crate::orchestration::agent::Capacity;
use crate::orchestration::{AgentId, Attempt, ExecutionState, TaskState};
use crate::timestamp::Timestamp;

/// The result of assigning a task to an agent.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", try_from = "AssignForm")]
pub enum AssignOutcome {
    /// The agent has the task.
    Assigned {
        /// The number of the attempt.
        attempt: Attempt,
        /// When the attempt times out; `None` without a time limit.
        deadline: Option<Timestamp>,
    },
    /// The task is not ready.
    NotReady {
        /// Its state.
        state: TaskState,
        /// The agent that has it.
        agent: Option<AgentId>,
    },
    /// The agent cannot do the task.
    Unfit {
        /// The required capabilities of the task.
        required: Document,
    },
    /// The agent has as many open executions as its capacity allows.
    Full {
        /// The capacity.
        capacity: Capacity,
    },
    /// The agent gets no tasks.
    Unavailable {
        /// Why.
        reason: Unavailable,
    },
    /// There is no such task.
    UnknownTask,
    /// The agent is not registered.
    UnknownAgent,
}

/// Why an agent gets no tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// It is draining.
    Draining,
    /// It is retired.
    Retired,
    /// Its lease ended before the time of the write.
    LeaseEnded,
}

/// The result of starting an attempt.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum StartOutcome {
    /// The attempt is running.
    Started {
        /// When it times out: the time limit after the start; `None` without a time limit.
        deadline: Option<Timestamp>,
    },
    /// The attempt was closed. The agent must stop.
    Closed {
        /// The state of the execution.
        state: ExecutionState,
    },
    /// There is no such attempt.
    Unknown,
}
