use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::agent::{Agent, HeldAttempt};
use tasktrail_domain::orchestration::audit::Action;
use tasktrail_domain::orchestration::dispatch::{
    Claim, ClaimOutcome, ClaimedTask, EmptyClaim, Unavailable,
};

use super::giving::{free_slots, unavailable};
use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn claim(&mut self, claim: &Claim) -> ClaimOutcome {
        let at = self.context.at;
        let Some(agent) = self.owner.agent(&claim.agent.agent) else {
            return empty(EmptyClaim::Unknown);
        };
        if agent.presence.instance != claim.instance {
            return empty(EmptyClaim::Replaced);
        }
        match unavailable(&agent, at) {
            Some(Unavailable::Retired) => return empty(EmptyClaim::Retired),
            Some(Unavailable::Draining) => return empty(EmptyClaim::Draining),
            Some(Unavailable::LeaseEnded) => return empty(EmptyClaim::LeaseEnded),
            None => {}
        }
        let free = free_slots(&agent);
        if free == 0 {
            return empty(EmptyClaim::Full);
        }
        let limit = u32::from(claim.limit.get().unsigned_abs()).min(free);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = self.owner.tasks.queues.due(&agent.description, at, limit);
        let tasks: Vec<_> = due
            .iter()
            .filter_map(|id| self.claim_task(id, &agent))
            .collect();
        if tasks.is_empty() {
            return empty(EmptyClaim::NothingReady);
        }
        ClaimOutcome::Claimed { tasks }
    }

    fn claim_task(&mut self, id: &TaskId, agent: &Agent) -> Option<ClaimedTask> {
        let (attempt, deadline) = self.give(id, agent, Action::TASK_CLAIMED)?;
        let definition = self.owner.tasks.get(id)?.definition.clone();
        Some(ClaimedTask::new(id.clone(), attempt, definition, deadline))
    }
}

impl Owner {
    /// Returns the outcome of a claim with the definitions that its tasks have now, and without
    /// those that were removed, also if tasks with their ids were created since.
    pub(crate) fn with_current_definitions(&self, outcome: ClaimOutcome) -> ClaimOutcome {
        let ClaimOutcome::Claimed { mut tasks } = outcome else {
            return outcome;
        };
        tasks.retain_mut(|claimed| {
            let attempt = HeldAttempt {
                task: claimed.task.clone(),
                attempt: claimed.attempt,
            };
            let execution = self.executions.get(&attempt);
            let task = execution.and_then(|_| self.tasks.get(&claimed.task));
            if let Some(task) = task {
                claimed.definition.clone_from(&task.definition);
            }
            task.is_some()
        });
        ClaimOutcome::Claimed { tasks }
    }
}

fn empty(reason: EmptyClaim) -> ClaimOutcome {
    ClaimOutcome::Empty { reason }
}
