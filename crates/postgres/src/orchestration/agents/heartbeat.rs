//! Heartbeats: one statement, which rewrites one narrow row.

#[cfg(test)]
mod hot_updates;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::agent::{Heartbeat, HeartbeatOutcome, HeldAttempt};
use tasktrail_domain::orchestration::{AgentState, Attempt};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use super::ATTEMPTS;
use super::row::{instance_of, lease_until_of, state_of};
use crate::error::corrupt;

/// Extends the lease of an agent.
pub(super) async fn beat(
    connection: &mut AsyncPgConnection,
    heartbeat: &Heartbeat,
    wait: LockWait,
) -> Result<HeartbeatOutcome, StoreError> {
    for _ in 0..ATTEMPTS {
        let statement = Prepared(Beat::of(heartbeat, wait));
        let found: Option<BeatRow> = statement.get_result(connection).await.optional()?;
        let Some(row) = found else {
            return Ok(HeartbeatOutcome::Unknown);
        };
        if let Some(outcome) = outcome(heartbeat, row)? {
            return Ok(outcome);
        }
    }
    Err(StoreError::Overtaken)
}

/// Instance and state before; state and end of the lease after, unless the heartbeat was refused;
/// tasks and attempts of the open executions.
type BeatRow = (
    Uuid,
    String,
    Option<String>,
    Option<DateTime<Utc>>,
    Vec<String>,
    Vec<i32>,
);

/// Returns `None` if another call changed the agent at the same time.
fn outcome(heartbeat: &Heartbeat, row: BeatRow) -> Result<Option<HeartbeatOutcome>, StoreError> {
    let key = &heartbeat.agent;
    let (instance, before, after, lease_until, tasks, attempts) = row;
    if let (Some(state), Some(lease_until)) = (after, lease_until) {
        let open = open_executions(heartbeat, tasks, attempts)?;
        let held: BTreeSet<_> = heartbeat.held.iter().flatten().cloned().collect();
        let (stop, missing) = match heartbeat.held {
            Some(_) => (&held - &open, &open - &held),
            None => <_>::default(),
        };
        return Ok(Some(HeartbeatOutcome::Accepted {
            state: state_of(key, &state)?,
            lease_until: lease_until_of(key, lease_until)?,
            stop: stop.into_iter().collect(),
            missing: missing.into_iter().collect(),
        }));
    }
    let instance = instance_of(key, instance)?;
    if instance != heartbeat.instance {
        return Ok(Some(HeartbeatOutcome::Replaced { instance }));
    }
    let is_retired = state_of(key, &before)? == AgentState::Retired;
    Ok(is_retired.then_some(HeartbeatOutcome::Retired))
}

fn open_executions(
    heartbeat: &Heartbeat,
    tasks: Vec<String>,
    attempts: Vec<i32>,
) -> Result<BTreeSet<HeldAttempt>, StoreError> {
    let refused = |column| {
        let agent = &heartbeat.agent;
        move |source| corrupt("task_execution", column, agent, source)
    };
    let open = tasks.into_iter().zip(attempts).map(|(task, attempt)| {
        Ok(HeldAttempt {
            task: TaskId::new(task).map_err(refused("task_id"))?,
            attempt: Attempt::new(attempt.into()).map_err(refused("attempt"))?,
        })
    });
    open.collect()
}

/// `heartbeat.sql`.
#[derive(Debug)]
struct Beat<'e> {
    user: &'e str,
    agent: &'e str,
    instance: Uuid,
    at: DateTime<Utc>,
    end_of_time: DateTime<Utc>,
    compares: bool,
    lock_timeout: Option<String>,
}

impl<'e> Beat<'e> {
    fn of(heartbeat: &'e Heartbeat, wait: LockWait) -> Self {
        Self {
            user: heartbeat.agent.user.as_str(),
            agent: heartbeat.agent.agent.as_str(),
            instance: heartbeat.instance.as_uuid(),
            at: heartbeat.at.to_datetime(),
            end_of_time: Timestamp::MAX.to_datetime(),
            compares: heartbeat.held.is_some(),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for Beat<'_> {
    const SQL: &'static str = include_str!("../sql/heartbeat.sql");
    type Columns = (
        SqlUuid,
        Text,
        Nullable<Text>,
        Nullable<Timestamptz>,
        Array<Text>,
        Array<Integer>,
    );
    type Id = Beat<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.agent),
            3 => out.push_bind_param::<SqlUuid, _>(&self.instance),
            4 => out.push_bind_param::<Timestamptz, _>(&self.at),
            5 => out.push_bind_param::<Timestamptz, _>(&self.end_of_time),
            6 => out.push_bind_param::<Bool, _>(&self.compares),
            7 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
