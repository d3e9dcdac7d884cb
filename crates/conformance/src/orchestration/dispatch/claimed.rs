//! What claims return.

use tasktrail_domain::orchestration::dispatch::{ClaimOutcome, EmptyClaim};

/// Returns the ids of the claimed tasks, in the order of the claim; none of an empty claim.
pub(super) fn got(outcome: &ClaimOutcome) -> Vec<&str> {
    match outcome {
        ClaimOutcome::Claimed { tasks } => {
            tasks.iter().map(|claimed| claimed.task.as_str()).collect()
        }
        ClaimOutcome::Empty { .. } => Vec::new(),
    }
}

/// Returns the outcome of a claim that got nothing.
pub(super) const fn empty(reason: EmptyClaim) -> ClaimOutcome {
    ClaimOutcome::Empty { reason }
}
