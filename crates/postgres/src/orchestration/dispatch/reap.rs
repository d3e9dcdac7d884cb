//! Closes attempts that their agents will not close.

pub(super) mod statements;

use std::collections::BTreeMap;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{ReapLimit, ReapedAttempt};
use tasktrail_domain::orchestration::{Attempt, AttemptKey, ExecutionState, TaskState};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{ExpiredAttempts, Reapable};
use super::row::execution_value;
use crate::orchestration::closing::{ClosedAttempt, Closing, close_attempts, free_slots};
use crate::orchestration::write_log::{self, record};

/// How often a reap is repeated if an agent sends a heartbeat at that moment.
const ATTEMPTS: usize = 10;

/// Closes a batch of attempts.
pub(super) async fn reap(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    limit: ReapLimit,
    wait: LockWait,
) -> Result<Vec<ReapedAttempt>, StoreError> {
    for _ in 0..ATTEMPTS {
        let reaped = connection
            .transaction(async |connection| transaction(connection, context, limit, wait).await)
            .await;
        match reaped {
            Err(Failure::CameBack) => {}
            Err(Failure::Store(error)) if write_log::was_committed_meanwhile(&error) => {
                return Err(write_log::conflict(context.id));
            }
            Err(Failure::Store(error)) => return Err(error),
            Ok(reaped) => return Ok(reaped),
        }
    }
    Err(StoreError::Overtaken)
}

async fn transaction(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    limit: ReapLimit,
    wait: LockWait,
) -> Result<Vec<ReapedAttempt>, Failure> {
    let attempts = lock(connection, context, limit).await?;
    let closings = expired(connection, context, &attempts).await?;
    let closed = close_attempts(connection, context, closings, wait).await?;
    let leases = free_slots(connection, &closed).await?;
    // A heartbeat that came first would otherwise have told the agent to continue.
    let at = context.at.to_datetime();
    let is_online = |attempt: &ClosedAttempt| leases.get(&attempt.agent_key()) >= Some(&at);
    let mut lost = closed.iter().filter(|one| one.end == ExecutionState::Lost);
    if lost.any(is_online) {
        return Err(Failure::CameBack);
    }
    record_each(connection, context, &closed).await?;
    Ok(closed.into_iter().map(reaped).collect())
}

/// Locks the tasks of attempts to close, without waiting.
async fn lock(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    limit: ReapLimit,
) -> Result<Vec<AttemptKey>, StoreError> {
    let reapable = Prepared(Reapable::of(context, limit));
    let rows: Vec<(String, String, i32)> = reapable.load(connection).await?;
    let mut attempts: Vec<_> = rows
        .into_iter()
        .map(attempt_key)
        .collect::<Result<_, _>>()?;
    attempts.sort();
    Ok(attempts)
}

fn attempt_key((user, task, attempt): (String, String, i32)) -> Result<AttemptKey, StoreError> {
    let shown = format!("{user}/{task}");
    let task = execution_value("task_id", &shown, (user, task), |(u, t)| TaskKey::new(u, t))?;
    let attempt = execution_value("attempt", &shown, attempt.into(), Attempt::new)?;
    Ok(AttemptKey::new(task, attempt))
}

/// Decides how locked attempts end. Reads again: a start may have moved a deadline, or a heartbeat
/// the end of a lease.
async fn expired(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    attempts: &[AttemptKey],
) -> Result<Vec<Closing<'static>>, StoreError> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let expired = Prepared(ExpiredAttempts::of(context, attempts));
    let rows: Vec<(i64, bool)> = expired.load(connection).await?;
    let ends: BTreeMap<i64, bool> = rows.into_iter().collect();
    let attempts = (1..).zip(attempts);
    let closings = attempts.filter_map(|(position, attempt)| {
        let is_offline = *ends.get(&position)?;
        let end = if is_offline {
            ExecutionState::Lost
        } else {
            ExecutionState::TimedOut
        };
        Some(Closing {
            attempt: attempt.clone(),
            end,
            report: None,
        })
    });
    Ok(closings.collect())
}

/// Records the changes in the logs of their owners.
async fn record_each(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    closed: &[ClosedAttempt],
) -> Result<(), StoreError> {
    let mut of_owners: BTreeMap<&UserId, Vec<Change>> = BTreeMap::new();
    for ClosedAttempt {
        attempt, changes, ..
    } in closed
    {
        let of_owner = of_owners.entry(&attempt.task.user).or_default();
        of_owner.extend(changes.iter().cloned());
    }
    for (owner, changes) in of_owners {
        record(connection, context, owner, 0, &changes, None).await?;
    }
    Ok(())
}

fn reaped(closed: ClosedAttempt) -> ReapedAttempt {
    let skipped = closed.became(TaskState::Skipped);
    let state = closed.after.state;
    ReapedAttempt::new(closed.attempt, closed.agent, closed.end, state, skipped)
}

/// Why a reap is rolled back.
enum Failure {
    /// An agent that was offline has sent a heartbeat.
    CameBack,
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}
