//! Closes attempts: their executions, what becomes of their tasks, and the slots of their agents.
//!
//! Locks tasks before presences, because a presence is what most writes wait for.

mod statements;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{AfterAttempt, Report, after_attempt};
use tasktrail_domain::orchestration::task::{MaxAttempts, Settled};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AttemptKey, ExecutionState, TaskState};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{CloseAttempts, FreeSlots, LockAttempts};
use super::settling::{finish_history, settle};
use super::task_row::{state_of, state_value};
use crate::error::corrupt;

/// An attempt to close.
#[derive(Debug, Clone)]
pub(super) struct Closing<'e> {
    pub(super) attempt: AttemptKey,
    /// How it ends: a closed state.
    pub(super) end: ExecutionState,
    /// What its agent reports; `None` if something else ends it.
    pub(super) report: Option<&'e Report>,
}

/// An attempt that was closed.
#[derive(Debug)]
pub(super) struct ClosedAttempt {
    pub(super) attempt: AttemptKey,
    pub(super) agent: AgentId,
    /// How it ended.
    pub(super) end: ExecutionState,
    /// The task after it.
    pub(super) after: AfterAttempt,
    /// The entries of the audit log: that of the attempt, then those of the settled tasks.
    pub(super) changes: Vec<Change>,
    /// What became of the tasks that depend on the task, by ascending id.
    pub(super) settled: Vec<Settled>,
}

impl ClosedAttempt {
    /// The key of its agent.
    pub(super) fn agent_key(&self) -> AgentKey {
        AgentKey {
            user: self.attempt.task.user.clone(),
            agent: self.agent.clone(),
        }
    }

    /// The settled tasks that are in a state now.
    pub(super) fn became(&self, state: TaskState) -> Vec<TaskId> {
        let became = self.settled.iter().filter(|settled| settled.to == state);
        became.map(|settled| settled.task.clone()).collect()
    }
}

/// Closes those attempts that are open, in the order of their keys, each with what follows from it.
///
/// Runs in the transaction of the caller, who records the changes. First locks all tasks. The slots
/// of the agents are left for [`free_slots`], so that presences are locked after all tasks.
pub(super) async fn close_attempts(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    mut closings: Vec<Closing<'_>>,
    wait: LockWait,
) -> Result<Vec<ClosedAttempt>, StoreError> {
    closings.sort_by(|one, other| one.attempt.cmp(&other.attempt));
    let open = lock_open(connection, &closings, wait).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let at = context.at;
    let ends: Vec<_> = open.iter().map(|open| (open, open.after(at))).collect();
    let close = Prepared(CloseAttempts::of(&ends, at));
    close.execute(connection).await?;
    let mut closed = Vec::with_capacity(ends.len());
    for (open, after) in ends {
        let settled = what_follows(connection, at, &open.closing.attempt.task, after.state).await?;
        closed.push(closed_attempt(open, after, settled));
    }
    Ok(closed)
}

/// Frees the slots of closed attempts, and returns until when their agents are online.
pub(super) async fn free_slots(
    connection: &mut AsyncPgConnection,
    closed: &[ClosedAttempt],
) -> Result<BTreeMap<AgentKey, DateTime<Utc>>, StoreError> {
    if closed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut slots: BTreeMap<AgentKey, i32> = BTreeMap::new();
    for attempt in closed {
        *slots.entry(attempt.agent_key()).or_default() += 1;
    }
    let free = Prepared(FreeSlots::of(&slots));
    let rows: Vec<(String, String, DateTime<Utc>)> = free.load(connection).await?;
    let leases = rows.into_iter().map(|(user, agent, lease_until)| {
        let shown = format!("{user}/{agent}");
        let key = AgentKey::new(user, agent);
        let key = key.map_err(|error| corrupt("agent_presence", "agent_id", shown, error))?;
        Ok((key, lease_until))
    });
    leases.collect()
}

/// An open attempt, whose task is locked.
#[derive(Debug)]
pub(super) struct OpenAttempt<'c, 'e> {
    closing: &'c Closing<'e>,
    state: TaskState,
    agent: AgentId,
    counted_attempts: u32,
    max_attempts: MaxAttempts,
}

impl OpenAttempt<'_, '_> {
    fn after(&self, at: Timestamp) -> AfterAttempt {
        let Closing { end, report, .. } = *self.closing;
        let result = report.map(|report| &report.result);
        after_attempt(end, result, self.counted_attempts, self.max_attempts, at)
    }
}

async fn lock_open<'c, 'e>(
    connection: &mut AsyncPgConnection,
    closings: &'c [Closing<'e>],
    wait: LockWait,
) -> Result<Vec<OpenAttempt<'c, 'e>>, StoreError> {
    if closings.is_empty() {
        return Ok(Vec::new());
    }
    let lock = Prepared(LockAttempts::of(closings, wait));
    let rows: Vec<(i64, String, Option<String>, i32, i32)> = lock.load(connection).await?;
    let found: BTreeMap<i64, _> = rows
        .into_iter()
        .map(|(position, state, agent, counted, max)| (position, (state, agent, counted, max)))
        .collect();
    let wanted = (1..).zip(closings);
    let open = wanted.filter_map(|(position, closing)| Some((closing, found.get(&position)?)));
    open.map(|(closing, (state, agent, counted, max))| {
        let task = &closing.attempt.task;
        // A check constraint ensures that a task with an open attempt has an agent.
        let agent = agent.clone().unwrap_or_default();
        Ok(OpenAttempt {
            closing,
            state: state_of(task, state)?,
            agent: state_value("agent_id", task, agent, AgentId::new)?,
            counted_attempts: counted.unsigned_abs(),
            max_attempts: state_value("max_attempts", task, i64::from(*max), MaxAttempts::new)?,
        })
    })
    .collect()
}

/// Does what follows from the end of an attempt if it also ends its task.
async fn what_follows(
    connection: &mut AsyncPgConnection,
    at: Timestamp,
    task: &TaskKey,
    state: TaskState,
) -> Result<Vec<Settled>, StoreError> {
    let Some(status) = state.final_status() else {
        return Ok(Vec::new());
    };
    let TaskKey { user, task } = task;
    let settled = settle(connection, user, at, &[(task.clone(), state)]).await?;
    finish_history(connection, user, at, &[(task.clone(), status)]).await?;
    Ok(settled)
}

fn closed_attempt(
    open: &OpenAttempt<'_, '_>,
    after: AfterAttempt,
    settled: Vec<Settled>,
) -> ClosedAttempt {
    let Closing { attempt, end, .. } = open.closing;
    let task = &attempt.task.task;
    let ended = Change::attempt_ended(task, attempt.attempt, open.state, *end, &after);
    let followed = settled.iter().filter_map(change_of);
    ClosedAttempt {
        attempt: attempt.clone(),
        agent: open.agent.clone(),
        end: *end,
        after,
        changes: std::iter::once(ended).chain(followed).collect(),
        settled,
    }
}

/// The entry of a settled task; `None` for one that still waits.
fn change_of(settled: &Settled) -> Option<Change> {
    let action = match settled.to {
        TaskState::Ready => Action::TASK_READY,
        TaskState::Skipped => Action::TASK_SKIPPED,
        _ => return None,
    };
    let Settled { task, from, to, .. } = settled;
    Some(Change::state(action, task, *from, *to))
}
