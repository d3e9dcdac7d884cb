use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::WriteConflict;
use tasktrail_domain::orchestration::agent::{Agent, HeldAttempt};
use tasktrail_domain::orchestration::audit::Action;
use tasktrail_domain::orchestration::dispatch::{
    Claim, ClaimOutcome, ClaimedTask, EmptyClaim, Unavailable, operation,
};
use tasktrail_domain::write::WriteContext;

use super::giving::{free_slots, unavailable};
use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::purpose::Purpose;
use crate::store::orchestration::write::{EndedTask, Write};

impl Owner {
    /// Gives tasks to an agent. A repetition returns the current definitions of the tasks, without
    /// those that were removed.
    pub(crate) fn claim(
        &mut self,
        context: &WriteContext,
        claim: &Claim,
    ) -> Result<(ClaimOutcome, Vec<EndedTask>), WriteConflict> {
        let purpose = Purpose::of_agent(operation::CLAIM, &claim.agent.agent);
        let (outcome, ended) = self.write(context, purpose, |write| write.claim(claim))?;
        let ClaimOutcome::Claimed { mut tasks } = outcome else {
            return Ok((outcome, ended));
        };
        tasks.retain_mut(|claimed| self.refresh(claimed).is_some());
        Ok((ClaimOutcome::Claimed { tasks }, ended))
    }

    /// Returns `None` if the task was removed.
    fn refresh(&self, claimed: &mut ClaimedTask) -> Option<()> {
        self.executions.get(&HeldAttempt {
            task: claimed.task.clone(),
            attempt: claimed.attempt,
        })?;
        let task = self.tasks.get(&claimed.task)?;
        claimed.definition.clone_from(&task.definition);
        Some(())
    }
}

impl Write<'_> {
    fn claim(&mut self, claim: &Claim) -> ClaimOutcome {
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

fn empty(reason: EmptyClaim) -> ClaimOutcome {
    ClaimOutcome::Empty { reason }
}
