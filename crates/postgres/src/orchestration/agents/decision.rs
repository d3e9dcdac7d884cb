//! What a command does to an agent, without the executions that it closes.

use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentChanges, AgentCommand, AgentDescription, CommandOutcome, Registered,
    Registration, Retirement, StateRequest,
};
use tasktrail_domain::orchestration::audit::{Change, EntityKind};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AgentState, ExecutionState};
use tasktrail_domain::timestamp::Timestamp;

/// The effect of a command.
#[derive(Debug)]
pub(super) struct Decision {
    /// The agent after the command; `None` if it is unknown.
    pub(super) agent: Option<Agent>,
    /// The entry of the audit log; `None` if the command changes nothing.
    pub(super) change: Option<Change>,
    /// How the open executions of the agent are closed; `None` if they stay open.
    pub(super) closes: Option<ExecutionState>,
    /// The outcome, without the executions that are closed.
    pub(super) outcome: CommandOutcome,
}

/// Decides about a command for an agent; `None` if it is unknown.
pub(super) fn decide(
    user: &UserId,
    before: Option<&Agent>,
    command: &AgentCommand,
    at: Timestamp,
) -> Decision {
    match (command, before) {
        (
            AgentCommand::Register {
                agent,
                instance,
                description,
            },
            before,
        ) => {
            let key = AgentKey {
                user: user.clone(),
                agent: agent.clone(),
            };
            let registration = Registration::new(key, *instance, description.clone());
            match before {
                None => register_new(&registration, at),
                Some(before) => register_again(before, &registration, at),
            }
        }
        (AgentCommand::Update { .. } | AgentCommand::SetState { .. }, None) => {
            Decision::refused(None, AgentChange::Unknown)
        }
        (AgentCommand::Update { agent, changes }, Some(before)) => {
            update(agent, before, changes, at)
        }
        (AgentCommand::SetState { agent, request }, Some(before)) => {
            set_state(agent, before, *request, at)
        }
    }
}

impl Decision {
    /// Nothing changes.
    fn refused(agent: Option<&Agent>, change: AgentChange) -> Self {
        Self {
            agent: agent.cloned(),
            change: None,
            closes: None,
            outcome: CommandOutcome::Change(change),
        }
    }

    /// The agent is as requested.
    fn changed(agent: Agent, change: Option<Change>) -> Self {
        let outcome = AgentChange::Changed {
            state: agent.state,
            version: agent.version,
            released: Vec::new(),
        };
        Self {
            agent: Some(agent),
            change,
            closes: None,
            outcome: CommandOutcome::Change(outcome),
        }
    }

    fn closing(mut self, end: ExecutionState) -> Self {
        if let Some(agent) = &mut self.agent {
            agent.presence.open_executions = 0;
        }
        self.closes = Some(end);
        self
    }
}

fn register_new(registration: &Registration, at: Timestamp) -> Decision {
    let agent = Agent::registered(registration, at);
    Decision {
        change: Change::registered(None, (registration, agent.state)),
        closes: None,
        outcome: CommandOutcome::Registered(Registered::new(true, agent.version)),
        agent: Some(agent),
    }
}

fn register_again(before: &Agent, registration: &Registration, at: Timestamp) -> Decision {
    let mut agent = before.clone();
    agent.description = registration.description.clone();
    if agent.state == AgentState::Retired {
        agent.state = AgentState::Active;
    }
    if agent.description != before.description {
        agent.version = before.version.next();
    }
    if agent.description != before.description || agent.state != before.state {
        agent.updated_at = at;
    }
    let presence = &mut agent.presence;
    presence.instance = registration.instance;
    presence.heartbeat_at = presence.heartbeat_at.max(at);
    presence.lease_until = presence.lease_until.max(agent.description.lease.until(at));

    let earlier = (before.key.clone(), before.presence.instance);
    let earlier = Registration::new(earlier.0, earlier.1, before.description.clone());
    let decision = Decision {
        change: Change::registered(Some((&earlier, before.state)), (registration, agent.state)),
        closes: None,
        outcome: CommandOutcome::Registered(Registered::new(false, agent.version)),
        agent: Some(agent),
    };
    if before.presence.instance == registration.instance {
        return decision;
    }
    decision.closing(ExecutionState::Lost)
}

fn update(id: &AgentId, before: &Agent, changes: &AgentChanges, at: Timestamp) -> Decision {
    let version = before.version;
    if changes.expected.is_some_and(|expected| expected != version) {
        return Decision::refused(Some(before), AgentChange::Stale { version });
    }
    let mut agent = before.clone();
    apply(changes, &mut agent.description);
    let change = Change::updated(
        EntityKind::Agent,
        id.clone().into(),
        &before.description,
        &agent.description,
    );
    if change.is_some() {
        agent.version = version.next();
        agent.updated_at = at;
    }
    Decision::changed(agent, change)
}

fn apply(changes: &AgentChanges, description: &mut AgentDescription) {
    fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
        if let Some(new) = new {
            value.clone_from(new);
        }
    }
    replace(&mut description.agent_type, changes.agent_type.as_ref());
    replace(&mut description.name, changes.name.as_ref());
    replace(&mut description.capabilities, changes.capabilities.as_ref());
    replace(&mut description.metadata, changes.metadata.as_ref());
    replace(&mut description.capacity, changes.capacity.as_ref());
    replace(&mut description.lease, changes.lease.as_ref());
}

fn set_state(id: &AgentId, before: &Agent, request: StateRequest, at: Timestamp) -> Decision {
    let (from, to) = (before.state, request.state());
    if from == to {
        return Decision::changed(before.clone(), None);
    }
    if !request.is_possible(from) {
        return Decision::refused(Some(before), AgentChange::Refused { state: from });
    }
    let open_executions = before.presence.open_executions;
    if request == StateRequest::Retire(Retirement::IfIdle) && open_executions > 0 {
        return Decision::refused(Some(before), AgentChange::Busy { open_executions });
    }
    let mut agent = before.clone();
    agent.state = to;
    agent.updated_at = at;
    let decision = Decision::changed(agent, Some(Change::agent_state(id, from, to)));
    match request {
        StateRequest::Retire(_) => decision.closing(ExecutionState::Released),
        StateRequest::Drain | StateRequest::Resume => decision,
    }
}
