//! Gives ready tasks to an agent that asks for them.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::audit::Action;
use tasktrail_domain::orchestration::dispatch::{Claim, ClaimOutcome, ClaimedTask, EmptyClaim};
use tasktrail_domain::orchestration::{AgentState, Attempt};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use super::bound_context::BoundContext;
use super::row::{execution_instant, execution_value, presence_value};
use crate::orchestration::definition_row::{DefinitionColumns, DefinitionRow, definition};
use crate::orchestration::write_log;

/// Claims tasks with one statement, also if there are none or the claim is a repetition.
pub(super) async fn claim(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    claim: &Claim,
    wait: LockWait,
) -> Result<ClaimOutcome, StoreError> {
    let (outcome, others_were_first) = once(connection, context, claim, wait).await?;
    if others_were_first {
        // One of them may have been the same claim, whose tasks are found now.
        return Ok(once(connection, context, claim, wait).await?.0);
    }
    Ok(outcome)
}

/// Claims tasks. Returns also whether there were some when the statement began, but none when it had
/// locked the agent.
async fn once(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    claim: &Claim,
    wait: LockWait,
) -> Result<(ClaimOutcome, bool), StoreError> {
    let statement = Prepared(ClaimTasks::of(context, claim, wait));
    let rows: Vec<ClaimRow> = statement.load(connection).await?;
    let mut tasks = Vec::with_capacity(rows.len());
    let mut empty = EmptyClaim::Unknown;
    let (mut has_locked, mut repeats) = (false, false);
    for (locked, earlier, agent, task) in rows {
        if let Some(earlier) = earlier {
            repeats = is_repeated(claim, &earlier);
            if !repeats {
                return Err(write_log::conflict(context.id));
            }
        }
        has_locked = locked;
        empty = why_empty(context.at, claim, agent)?;
        tasks.extend(task.map(|task| claimed(claim, task)).transpose()?);
    }
    // The tasks of a repeated claim may have been removed since.
    if tasks.is_empty() && !repeats {
        return Ok((ClaimOutcome::Empty { reason: empty }, has_locked));
    }
    Ok((ClaimOutcome::Claimed { tasks }, false))
}

/// Returns whether the first entry of the write is that of the same claim.
fn is_repeated(claim: &Claim, (action, agent): &EarlierRow) -> bool {
    action == Action::TASK_CLAIMED.as_str()
        && agent.as_deref() == Some(&*as_stored(claim.agent.agent.as_str()))
}

/// Returns the reason if there is no task, in the order in which reasons are checked.
fn why_empty(
    at: Timestamp,
    claim: &Claim,
    agent: Option<AgentRow>,
) -> Result<EmptyClaim, StoreError> {
    let Some((instance, state, lease_until, capacity, open_executions)) = agent else {
        return Ok(EmptyClaim::Unknown);
    };
    if instance != claim.instance.as_uuid() {
        return Ok(EmptyClaim::Replaced);
    }
    let state = presence_value("state", &claim.agent, state.as_str(), str::parse)?;
    Ok(match state {
        AgentState::Retired => EmptyClaim::Retired,
        AgentState::Draining => EmptyClaim::Draining,
        AgentState::Active if at.to_datetime() > lease_until => EmptyClaim::LeaseEnded,
        AgentState::Active if open_executions >= capacity => EmptyClaim::Full,
        AgentState::Active => EmptyClaim::NothingReady,
    })
}

fn claimed(claim: &Claim, row: TaskRow) -> Result<ClaimedTask, StoreError> {
    let (task, attempt, deadline, row) = row;
    let task = execution_value("task_id", &claim.agent, task, TaskId::new)?;
    let user = claim.agent.user.clone();
    let key = TaskKey { user, task };
    let attempt = execution_value("attempt", &key, attempt.into(), Attempt::new)?;
    let deadline = execution_instant("deadline", &key, deadline)?;
    let definition = definition(&key, row)?;
    Ok(ClaimedTask::new(key.task, attempt, definition, deadline))
}

/// A text as it is in the strings of stored JSON: see [`jsonb_result`](crate::jsonb_result).
fn as_stored(text: &str) -> String {
    text.replace('␛', "␛␛")
}

/// The first entry of the same write: its action, and the agent that got the task.
type EarlierRow = (String, Option<String>);

/// The instance of an agent, its state, the end of its lease, its capacity, and the number of its
/// open executions.
type AgentRow = (Uuid, String, DateTime<Utc>, i32, i32);

/// A claimed task with its attempt, deadline and definition.
type TaskRow = (String, i32, Option<DateTime<Utc>>, DefinitionRow);

type ClaimRow = (bool, Option<EarlierRow>, Option<AgentRow>, Option<TaskRow>);

/// `claim.sql`.
#[derive(Debug)]
pub(super) struct ClaimTasks<'e> {
    user: &'e str,
    agent: &'e str,
    agent_as_stored: String,
    instance: Uuid,
    limit: i32,
    context: BoundContext<'e>,
    lock_timeout: Option<String>,
}

impl<'e> ClaimTasks<'e> {
    fn of(context: &'e WriteContext, claim: &'e Claim, wait: LockWait) -> Self {
        let agent = claim.agent.agent.as_str();
        Self {
            user: claim.agent.user.as_str(),
            agent,
            agent_as_stored: as_stored(agent),
            instance: claim.instance.as_uuid(),
            limit: claim.limit.get().into(),
            context: BoundContext::of(context),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for ClaimTasks<'_> {
    const SQL: &'static str = include_str!("../sql/claim.sql");
    type Columns = (
        Bool,
        Nullable<(Text, Nullable<Text>)>,
        Nullable<(SqlUuid, Text, Timestamptz, Integer, Integer)>,
        Nullable<(Text, Integer, Nullable<Timestamptz>, DefinitionColumns)>,
    );
    type Id = ClaimTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.agent),
            3 => out.push_bind_param::<SqlUuid, _>(&self.instance),
            4 => out.push_bind_param::<Timestamptz, _>(&self.context.at),
            5 => out.push_bind_param::<Integer, _>(&self.limit),
            6 => out.push_bind_param::<SqlUuid, _>(&self.context.id),
            7 => out.push_bind_param::<Text, _>(&self.context.actor),
            8 => out.push_bind_param::<Nullable<Text>, _>(&self.context.note),
            9 => out.push_bind_param::<Text, _>(&self.agent_as_stored),
            10 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
