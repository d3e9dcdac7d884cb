use std::collections::BTreeMap;

use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::HeldAttempt;
use tasktrail_domain::orchestration::dispatch::{Execution, ReapLimit, ReapedAttempt, operation};
use tasktrail_domain::orchestration::{ExecutionState, WriteConflict};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;

use crate::store::orchestration::owner::Owner;
use crate::store::orchestration::owners::Owners;
use crate::store::orchestration::purpose::{Purpose, Subject};
use crate::store::orchestration::write::{EndedTask, Write};

impl Owners {
    /// Closes up to `limit` expired executions of these owners, in the order of the owners and tasks.
    pub(crate) fn reap(
        &mut self,
        context: &WriteContext,
        users: &[UserId],
        limit: ReapLimit,
    ) -> Result<(Vec<ReapedAttempt>, Vec<EndedTask>), WriteConflict> {
        // Before the first change: either all owners are changed, or none is.
        if users
            .iter()
            .any(|user| self.get_mut(user).log.knows(context.id))
        {
            return Err(WriteConflict::new(context.id));
        }
        let limit = usize::from(limit.get().unsigned_abs());
        let (mut reaped, mut ended) = (Vec::new(), Vec::new());
        for user in users {
            let owner = self.get_mut(user);
            let expired = owner.expired_attempts(context.at).into_iter();
            let expired: Vec<_> = expired.take(limit - reaped.len()).collect();
            let purpose = Purpose::new(operation::REAP, Subject::Owner);
            let (of_owner, ended_of_owner) =
                owner.write(context, purpose, |write| write.reap(&expired))?;
            reaped.extend(of_owner);
            ended.extend(ended_of_owner);
        }
        Ok((reaped, ended))
    }
}

impl Owner {
    /// Returns the open executions whose agent is offline at `at` or whose deadline passed, and how
    /// each ends.
    pub(crate) fn expired_attempts(&self, at: Timestamp) -> BTreeMap<HeldAttempt, ExecutionState> {
        let of_agents = self.agents.iter().flat_map(|(id, agent)| {
            let is_online = agent.presence.is_online(at);
            let open = self.executions.open_of(id).into_iter();
            open.filter_map(move |attempt| {
                let end = end(self.executions.get(&attempt)?, is_online, at)?;
                Some((attempt, end))
            })
        });
        of_agents.collect()
    }
}

fn end(execution: &Execution, is_online: bool, at: Timestamp) -> Option<ExecutionState> {
    if !is_online {
        return Some(ExecutionState::Lost);
    }
    let is_late = execution.deadline.is_some_and(|deadline| deadline < at);
    is_late.then_some(ExecutionState::TimedOut)
}

impl Write<'_> {
    fn reap(&mut self, expired: &[(HeldAttempt, ExecutionState)]) -> Vec<ReapedAttempt> {
        let reap = |(attempt, end): &(HeldAttempt, ExecutionState)| {
            let agent = self.owner.executions.get(attempt)?.agent.clone();
            let (state, settlement) = self.close(attempt, *end, None)?;
            let key = self.owner.attempt_key(attempt);
            let skipped = settlement.skipped;
            Some(ReapedAttempt::new(key, agent, *end, state, skipped))
        };
        expired.iter().filter_map(reap).collect()
    }
}
