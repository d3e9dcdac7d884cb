//! The answers of writes to agents, which the audit log keeps for repetitions.

use tasktrail_domain::JsonText;
use tasktrail_domain::orchestration::agent::{
    AgentCommand, ApplyMode, ApplyOutcome, CommandOutcome,
};
use tasktrail_domain::orchestration::audit::{Action, EntityKind};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_postgres_client::error::{Refusal, StoreError};

use crate::orchestration::write_log::{Replay, conflict};

/// The answer of an earlier call with the id of this batch.
///
/// The mode is `None` for a call with one command of its own.
pub(super) fn of_earlier(
    mode: Option<ApplyMode>,
    commands: &[AgentCommand],
    earlier: &Replay,
) -> Result<ApplyOutcome, StoreError> {
    match (mode, commands) {
        (None, [command]) => of_command(command, earlier),
        _ => of_batch(commands, earlier),
    }
}

fn of_command(command: &AgentCommand, earlier: &Replay) -> Result<ApplyOutcome, StoreError> {
    let actions: &[Action] = match command {
        AgentCommand::Register { .. } => &[Action::AGENT_REGISTERED],
        AgentCommand::Update { .. } => &[Action::AGENT_UPDATED],
        AgentCommand::SetState { .. } => &[
            Action::AGENT_DRAINED,
            Action::AGENT_RESUMED,
            Action::AGENT_RETIRED,
        ],
    };
    earlier.check(actions, EntityKind::Agent, command.agent().as_str())?;
    let outcome = match command {
        AgentCommand::Register { .. } => CommandOutcome::Registered(earlier.answer()?),
        AgentCommand::Update { .. } | AgentCommand::SetState { .. } => {
            CommandOutcome::Change(earlier.answer()?)
        }
    };
    let outcomes = vec![outcome];
    Ok(ApplyOutcome::Applied { outcomes })
}

/// A batch is recognized by its first entry, which is about one of its agents, and by its number of
/// commands.
fn of_batch(commands: &[AgentCommand], earlier: &Replay) -> Result<ApplyOutcome, StoreError> {
    let mut agents = commands.iter().map(AgentCommand::agent);
    let is_about_one = agents.any(|agent| agent.as_str() == earlier.entity_id.as_str());
    if earlier.entity != EntityKind::Agent || !is_about_one {
        return Err(conflict(earlier.id));
    }
    let answer: ApplyOutcome = earlier.answer()?;
    let outcomes = match &answer {
        ApplyOutcome::Applied { outcomes } => outcomes.as_slice(),
        ApplyOutcome::Refused { .. } => &[],
    };
    if outcomes.len() == commands.len() {
        Ok(answer)
    } else {
        Err(conflict(earlier.id))
    }
}

/// The answer that is kept.
pub(super) fn kept(
    mode: Option<ApplyMode>,
    outcome: &ApplyOutcome,
) -> Result<JsonText, StoreError> {
    let json = match (mode, outcome) {
        (None, ApplyOutcome::Applied { outcomes }) => match outcomes.as_slice() {
            [CommandOutcome::Registered(registered)] => JsonText::of(registered),
            [CommandOutcome::Change(change)] => JsonText::of(change),
            _ => JsonText::of(outcome),
        },
        _ => JsonText::of(outcome),
    };
    json.map_err(|error| {
        let (kind, effect) = (ErrorKind::Unexpected, Effect::NotApplied);
        StoreError::Refused(Refusal::new(kind, effect, error))
    })
}
