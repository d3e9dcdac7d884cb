use serde::Deserialize;

use super::{ClaimOutcome, ClaimedTask, EmptyClaim};

/// What the JSON of an outcome can have.
///
/// A tagged enum cannot be read directly: serde would lose the text of the numbers in documents.
#[derive(Deserialize)]
pub(super) struct ClaimForm {
    outcome: Outcome,
    tasks: Option<Vec<ClaimedTask>>,
    reason: Option<EmptyClaim>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Claimed,
    Empty,
}

impl TryFrom<ClaimForm> for ClaimOutcome {
    type Error = &'static str;

    fn try_from(form: ClaimForm) -> Result<Self, Self::Error> {
        match form.outcome {
            Outcome::Claimed => {
                let tasks = form.tasks.ok_or("missing field `tasks`")?;
                Ok(Self::Claimed { tasks })
            }
            Outcome::Empty => {
                let reason = form.reason.ok_or("missing field `reason`")?;
                Ok(Self::Empty { reason })
            }
        }
    }
}
