use serde::{Deserialize, Serialize};

use super::{AgentName, AgentType, Capacity, Lease, LostAttempt};
use crate::Document;
use crate::orchestration::{AgentState, Version};

/// Changes of an agent's description. Fields that are `None` keep their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AgentChanges {
    /// The new type.
    pub agent_type: Option<AgentType>,
    /// The new name.
    pub name: Option<AgentName>,
    /// The new capabilities, in place of all of the previous ones.
    pub capabilities: Option<Document>,
    /// The new metadata, in place of all of the previous.
    pub metadata: Option<Document>,
    /// The new capacity. It may be less than the number of open executions: the agent keeps them,
    /// and gets no task until it has a free slot.
    pub capacity: Option<Capacity>,
    /// The new lease, in effect from the next heartbeat on.
    pub lease: Option<Lease>,
    /// The version that the agent must have; `None` for any.
    pub expected: Option<Version>,
}

/// A request to change the state of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateRequest {
    /// Gives the agent no new tasks. It keeps and finishes its own.
    Drain,
    /// Gives a draining agent tasks again.
    Resume,
    /// Retires the agent.
    Retire(Retirement),
}

impl StateRequest {
    /// Returns the requested state.
    #[must_use]
    pub const fn state(self) -> AgentState {
        match self {
            Self::Drain => AgentState::Draining,
            Self::Resume => AgentState::Active,
            Self::Retire(_) => AgentState::Retired,
        }
    }

    /// Returns whether an agent in the state `from` can change to the requested state. One that is
    /// in that state already does not change.
    #[must_use]
    pub const fn is_possible(self, from: AgentState) -> bool {
        // `register`, not `resume`, makes a retired agent active.
        let resumes_retired = matches!((self, from), (Self::Resume, AgentState::Retired));
        from.may_become(self.state()) && !resumes_retired
    }
}

/// What happens to the open executions of an agent that is retired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retirement {
    /// The agent is not retired if it has any.
    #[default]
    IfIdle,
    /// They are released: their tasks become ready again, and the attempts are not counted.
    ReleasingTasks,
}

/// The result of a change of an agent.
///
/// Exhaustive, so that your `match` needs no wildcard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum AgentChange {
    /// The agent was changed, or already was as requested.
    Changed {
        /// The state of the agent.
        state: AgentState,
        /// The version of its description.
        version: Version,
        /// The attempts that were released, in the order of their tasks.
        released: Vec<LostAttempt>,
    },
    /// The agent has another version than expected.
    Stale {
        /// The version of its description.
        version: Version,
    },
    /// The agent cannot change to the requested state.
    Refused {
        /// The state of the agent.
        state: AgentState,
    },
    /// The agent has open executions, so it was not retired.
    Busy {
        /// Their number.
        open_executions: u32,
    },
    /// The agent is not registered.
    Unknown,
}

#[cfg(test)]
mod tests {
    use AgentState::{Active, Draining, Retired};

    use super::*;

    #[test]
    fn request_is_possible_from_the_listed_states() {
        let retire = [Retirement::IfIdle, Retirement::ReleasingTasks].map(StateRequest::Retire);
        for (request, state, possible) in [
            (StateRequest::Drain, Draining, vec![Active]),
            (StateRequest::Resume, Active, vec![Draining]),
            (retire[0], Retired, vec![Active, Draining]),
            (retire[1], Retired, vec![Active, Draining]),
        ] {
            assert_eq!(request.state(), state);
            let from = AgentState::ALL.iter().copied();
            let from = from.filter(|from| request.is_possible(*from));
            assert_eq!(from.collect::<Vec<_>>(), possible, "{request:?}");
        }
    }
}
