//! Commands for agents, in one transaction.
//!
//! Agents are locked first, by ascending id, then the tasks that they lose, then their presences, so
//! that neither batches nor reports deadlock with a batch.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::{AsyncConnection, AsyncPgConnection};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::agent::{
    Agent, AgentChange, AgentCommand, ApplyMode, ApplyOutcome, CommandOutcome, LostAttempt,
    Registered, Retirement, StateRequest,
};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;

use super::decision::{Decision, decide};
use super::executions::OpenExecutions;
use super::{ATTEMPTS, answer, executions, store};
use crate::orchestration::closing::ClosedAttempt;
use crate::orchestration::write_log;

/// Commands for agents of one owner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'e> {
    pub(super) context: &'e WriteContext,
    pub(super) user: &'e UserId,
    pub(super) commands: &'e [AgentCommand],
    /// `None` for a method that has one command, and its outcome as the result.
    pub(super) mode: Option<ApplyMode>,
}

/// Applies the commands. Starts again if other calls change the same agents or tasks meanwhile.
pub(super) async fn apply(
    connection: &mut AsyncPgConnection,
    batch: Batch<'_>,
    wait: LockWait,
) -> Result<ApplyOutcome, StoreError> {
    for _ in 0..ATTEMPTS {
        let applied = connection
            .transaction(async |connection| attempt(connection, batch, wait).await)
            .await;
        match applied {
            Err(StoreError::Overtaken) => {}
            Err(error) if write_log::was_committed_meanwhile(&error) => {}
            done => return done,
        }
    }
    Err(StoreError::Overtaken)
}

async fn attempt(
    connection: &mut AsyncPgConnection,
    batch: Batch<'_>,
    wait: LockWait,
) -> Result<ApplyOutcome, StoreError> {
    let user = batch.user;
    let agents: BTreeSet<_> = batch.commands.iter().map(AgentCommand::agent).collect();
    let described = store::lock(connection, user, &agents, wait).await?;
    if let Some(earlier) = write_log::replayed(connection, user, batch.context.id).await? {
        return answer::of_earlier(batch.mode, batch.commands, &earlier);
    }
    let losing = losing(batch.commands);
    let tasks = executions::lock_tasks(connection, user, &losing).await?;
    let before = store::lock_presences(connection, user, described).await?;
    let Decided { decisions, agents } = match decide_all(&batch, &before) {
        Ok(decided) => decided,
        Err(refused) => return Ok(refused),
    };
    let closing = decisions
        .iter()
        .filter(|(_, decision)| decision.closes.is_some());
    let closing: BTreeSet<_> = closing.map(|(agent, _)| *agent).collect();
    let open = executions::open_of(connection, user, &closing).await?;
    if open
        .values()
        .flatten()
        .any(|attempt| !tasks.contains(&attempt.task.task))
    {
        return Err(StoreError::Overtaken);
    }
    let (changes, outcomes) = close(connection, &batch, decisions, open).await?;
    store::write(connection, user, &before, &agents).await?;
    let outcome = ApplyOutcome::Applied { outcomes };
    let kept = answer::kept(batch.mode, &outcome)?;
    write_log::record(connection, batch.context, user, 0, &changes, Some(&kept)).await?;
    Ok(outcome)
}

/// The agents that may lose their executions, and whether those count as lost.
fn losing(commands: &[AgentCommand]) -> BTreeMap<&AgentId, bool> {
    let mut losing = BTreeMap::new();
    for command in commands {
        let is_lost = match command {
            AgentCommand::Register { .. } => true,
            AgentCommand::SetState {
                request: StateRequest::Retire(Retirement::ReleasingTasks),
                ..
            } => false,
            _ => continue,
        };
        *losing.entry(command.agent()).or_default() |= is_lost;
    }
    losing
}

/// What all commands do.
struct Decided<'e> {
    decisions: Vec<(&'e AgentId, Decision)>,
    /// The agents after them.
    agents: BTreeMap<AgentId, Agent>,
}

/// Decides about the commands one after the other. Returns the refusal if all must be applied and one
/// cannot be.
fn decide_all<'e>(
    batch: &Batch<'e>,
    before: &BTreeMap<AgentId, Agent>,
) -> Result<Decided<'e>, ApplyOutcome> {
    let mut agents = before.clone();
    let mut decisions = Vec::with_capacity(batch.commands.len());
    for (index, command) in batch.commands.iter().enumerate() {
        let id = command.agent();
        let decision = decide(batch.user, agents.get(id), command, batch.context.at);
        if batch.mode == Some(ApplyMode::Whole) && !decision.outcome.is_applied() {
            let reason = decision.outcome;
            return Err(ApplyOutcome::Refused { index, reason });
        }
        if let Some(agent) = &decision.agent {
            agents.insert(id.clone(), agent.clone());
        }
        decisions.push((id, decision));
    }
    Ok(Decided { decisions, agents })
}

/// Closes the executions that the agents lose. Returns the entries of the audit log and the outcomes,
/// in the order of the commands.
async fn close(
    connection: &mut AsyncPgConnection,
    batch: &Batch<'_>,
    decisions: Vec<(&AgentId, Decision)>,
    mut open: OpenExecutions,
) -> Result<(Vec<Change>, Vec<CommandOutcome>), StoreError> {
    let mut changes = Vec::new();
    let mut outcomes = Vec::with_capacity(decisions.len());
    for (agent, decision) in decisions {
        changes.extend(decision.change);
        let mut outcome = decision.outcome;
        if let Some(end) = decision.closes {
            let attempts = open.remove(agent).unwrap_or_default();
            let closed = executions::close(connection, batch.context, attempts, end).await?;
            lose(&mut outcome, &closed);
            changes.extend(closed.into_iter().flat_map(|closed| closed.changes));
        }
        outcomes.push(outcome);
    }
    Ok((changes, outcomes))
}

/// Adds the attempts that an agent lost or gave back to the outcome of its command.
fn lose(outcome: &mut CommandOutcome, closed: &[ClosedAttempt]) {
    let (CommandOutcome::Registered(Registered { lost, .. })
    | CommandOutcome::Change(AgentChange::Changed { released: lost, .. })) = outcome
    else {
        return;
    };
    lost.extend(closed.iter().map(|closed| LostAttempt {
        attempt: closed.attempt.clone(),
        state: closed.after.state,
    }));
}
