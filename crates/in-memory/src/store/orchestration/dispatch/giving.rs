use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::agent::Agent;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{AssignOutcome, Execution, Unavailable};
use tasktrail_domain::orchestration::{AgentId, AgentState, Attempt, AttemptKey, TaskState};
use tasktrail_domain::timestamp::Timestamp;

use crate::store::orchestration::settling::enter;
use crate::store::orchestration::write::Write;

/// Returns why an agent gets no tasks at `at`.
pub(super) fn unavailable(agent: &Agent, at: Timestamp) -> Option<Unavailable> {
    match agent.state {
        AgentState::Retired => Some(Unavailable::Retired),
        AgentState::Draining => Some(Unavailable::Draining),
        AgentState::Active => {
            let is_online = agent.presence.is_online(at);
            (!is_online).then_some(Unavailable::LeaseEnded)
        }
    }
}

/// Returns how many tasks an agent can get.
pub(super) fn free_slots(agent: &Agent) -> u32 {
    let capacity = agent.description.capacity.get().unsigned_abs();
    u32::from(capacity).saturating_sub(agent.presence.open_executions)
}

impl Write<'_> {
    pub(crate) fn assign(&mut self, id: &TaskId, agent: &AgentId) -> AssignOutcome {
        let Some(task) = self.owner.tasks.get(id) else {
            return AssignOutcome::UnknownTask;
        };
        let Some(agent) = self.owner.agent(agent) else {
            return AssignOutcome::UnknownAgent;
        };
        let (definition, progress) = (&task.definition, &task.progress);
        if progress.state != TaskState::Ready {
            return AssignOutcome::NotReady {
                state: progress.state,
                agent: progress.agent.clone(),
            };
        }
        if let Some(reason) = unavailable(&agent, self.context.at) {
            return AssignOutcome::Unavailable { reason };
        }
        let required = &definition.required_capabilities;
        if !agent.description.fits(required) {
            let required = required.clone();
            return AssignOutcome::Unfit { required };
        }
        if free_slots(&agent) == 0 {
            let capacity = agent.description.capacity;
            return AssignOutcome::Full { capacity };
        }
        match self.give(id, &agent, Action::TASK_ASSIGNED) {
            Some((attempt, deadline)) => AssignOutcome::Assigned { attempt, deadline },
            None => AssignOutcome::UnknownTask,
        }
    }

    /// Gives a ready task to an agent. Returns the attempt and its deadline; `None` if there is no such
    /// task.
    pub(super) fn give(
        &mut self,
        id: &TaskId,
        agent: &Agent,
        action: Action,
    ) -> Option<(Attempt, Option<Timestamp>)> {
        let at = self.context.at;
        let task = self.owner.tasks.get(id)?;
        let attempt = Attempt::new(i64::from(task.progress.attempts) + 1).ok()?;
        let deadline = task.definition.time_limit.map(|limit| limit.deadline(at));
        let key = AttemptKey::new(task.key.clone(), attempt);
        let agent_id = &agent.key.agent;
        let instance = agent.presence.instance;
        let execution = Execution::assigned(key, agent_id.clone(), instance, at, deadline);
        self.owner.executions.open(execution);
        self.owner.tasks.change(id, |task| {
            let progress = &mut task.progress;
            enter(progress, TaskState::Assigned, at);
            progress.agent = Some(agent_id.clone());
            progress.attempts += 1;
        });
        self.changes
            .push(Change::given(action, id, agent_id, attempt));
        Some((attempt, deadline))
    }
}
