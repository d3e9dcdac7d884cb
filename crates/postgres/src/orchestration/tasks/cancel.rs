//! Cancels tasks.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Integer, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::task::{CancelOutcome, CancelScope, Settled};
use tasktrail_domain::task_history::FinalStatus;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::answered::record_answered;
use super::locking::{LockedTask, LockedTasks, lock_descendants, lock_tasks};
use crate::orchestration::settling::{changes_of, finish_history, settle, settled_as};
use crate::orchestration::write_log::replayed;

/// Cancels a task, and with [`CancelScope::Descendants`] its open descendants.
pub(super) async fn cancel(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    task: &TaskKey,
    scope: CancelScope,
    wait: LockWait,
) -> Result<CancelOutcome, StoreError> {
    connection
        .transaction(async |connection| {
            let mut locked = lock(connection, task, scope, wait).await?;
            if let Some(replay) = replayed(connection, &task.user, context.id).await? {
                replay.check(
                    &[Action::TASK_CANCELLED],
                    EntityKind::Task,
                    task.task.as_str(),
                )?;
                return replay.answer();
            }
            let Some(LockedTask {
                state, changed_at, ..
            }) = locked.remove(&task.task)
            else {
                return Ok(CancelOutcome::Unknown);
            };
            if state.is_ended() {
                let at = changed_at;
                return Ok(CancelOutcome::AlreadyEnded { state, at });
            }
            cancel_locked(connection, context, task, state, locked).await
        })
        .await
}

async fn lock(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    scope: CancelScope,
    wait: LockWait,
) -> Result<LockedTasks, StoreError> {
    match scope {
        CancelScope::Task => lock_tasks(connection, &task.user, &[&task.task], wait).await,
        CancelScope::Descendants => lock_descendants(connection, task, wait).await,
    }
}

/// Cancels a locked task that is open, and those of its locked descendants that are.
async fn cancel_locked(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    task: &TaskKey,
    previous: TaskState,
    descendants: LockedTasks,
) -> Result<CancelOutcome, StoreError> {
    let mut cancelled = vec![(task.task.clone(), previous)];
    let open = descendants
        .into_iter()
        .filter(|(_, task)| !task.state.is_ended());
    cancelled.extend(open.map(|(id, task)| (id, task.state)));
    let settled = end(connection, &task.user, context.at, &cancelled).await?;
    let mut changes: Vec<_> = cancelled.iter().map(change).collect();
    changes.extend(changes_of(&settled));
    let outcome = CancelOutcome::Cancelled {
        previous,
        descendants: cancelled.into_iter().skip(1).map(|(id, _)| id).collect(),
        skipped: settled_as(&settled, TaskState::Skipped),
    };
    record_answered(connection, context, &task.user, &changes, &outcome).await?;
    Ok(outcome)
}

fn change((task, state): &(TaskId, TaskState)) -> Change {
    Change::state(Action::TASK_CANCELLED, task, *state, TaskState::Cancelled)
}

/// Writes the end of locked tasks, and all that follows from it. The slots come last, because
/// claims lock them first.
async fn end(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
    tasks: &[(TaskId, TaskState)],
) -> Result<Vec<Settled>, StoreError> {
    let ids = || tasks.iter().map(|(task, _)| task);
    let statement = Prepared(CancelTasks {
        user: user.as_str(),
        tasks: ids().map(TaskId::as_str).collect(),
        at: at.to_datetime(),
    });
    let agents: Vec<String> = statement.load(connection).await?;
    let ended: Vec<_> = ids().map(|id| (id.clone(), TaskState::Cancelled)).collect();
    let settled = settle(connection, user, at, &ended).await?;
    let finished: Vec<_> = ids()
        .map(|id| (id.clone(), FinalStatus::Cancelled))
        .collect();
    finish_history(connection, user, at, &finished).await?;
    free(connection, user, agents).await?;
    Ok(settled)
}

/// Frees a slot for each time that an agent is named.
async fn free(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    agents: Vec<String>,
) -> Result<(), StoreError> {
    let mut slots: BTreeMap<String, i32> = BTreeMap::new();
    for agent in agents {
        *slots.entry(agent).or_default() += 1;
    }
    if slots.is_empty() {
        return Ok(());
    }
    let statement = Prepared(FreeSlots {
        user: user.as_str(),
        agents: slots.keys().map(String::as_str).collect(),
        slots: slots.values().copied().collect(),
    });
    statement.execute(connection).await?;
    Ok(())
}

/// `cancel_tasks.sql`.
#[derive(Debug)]
struct CancelTasks<'e> {
    user: &'e str,
    tasks: Vec<&'e str>,
    at: DateTime<Utc>,
}

impl Statement for CancelTasks<'_> {
    const SQL: &'static str = include_str!("../sql/cancel_tasks.sql");
    type Columns = Text;
    type Id = CancelTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}

/// `free_slots.sql`.
#[derive(Debug)]
struct FreeSlots<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
    slots: Vec<i32>,
}

impl Statement for FreeSlots<'_> {
    const SQL: &'static str = include_str!("../sql/free_slots.sql");
    type Columns = ();
    type Id = FreeSlots<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.slots),
            other => unbound(other),
        }
    }
}
