use serde::Deserialize;

use super::{AssignOutcome, Unavailable};
use crate::Document;
use crate::orchestration::agent::Capacity;
use crate::orchestration::{AgentId, Attempt, TaskState};
use crate::timestamp::Timestamp;

/// What the JSON of an outcome can have.
///
/// A tagged enum cannot be read directly: serde would lose the text of the numbers in documents.
#[derive(Deserialize)]
pub(super) struct AssignForm {
    outcome: Outcome,
    attempt: Option<Attempt>,
    deadline: Option<Timestamp>,
    state: Option<TaskState>,
    agent: Option<AgentId>,
    required: Option<Document>,
    capacity: Option<Capacity>,
    reason: Option<Unavailable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Assigned,
    NotReady,
    Unfit,
    Full,
    Unavailable,
    UnknownTask,
    UnknownAgent,
}

impl TryFrom<AssignForm> for AssignOutcome {
    type Error = &'static str;

    fn try_from(form: AssignForm) -> Result<Self, Self::Error> {
        Ok(match form.outcome {
            Outcome::Assigned => Self::Assigned {
                attempt: form.attempt.ok_or("missing field `attempt`")?,
                deadline: form.deadline,
            },
            Outcome::NotReady => Self::NotReady {
                state: form.state.ok_or("missing field `state`")?,
                agent: form.agent,
            },
            Outcome::Unfit => Self::Unfit {
                required: form.required.ok_or("missing field `required`")?,
            },
            Outcome::Full => Self::Full {
                capacity: form.capacity.ok_or("missing field `capacity`")?,
            },
            Outcome::Unavailable => Self::Unavailable {
                reason: form.reason.ok_or("missing field `reason`")?,
            },
            Outcome::UnknownTask => Self::UnknownTask,
            Outcome::UnknownAgent => Self::UnknownAgent,
        })
    }
}
