//! The open executions that agents lose.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Bool, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::{AgentId, Attempt, AttemptKey, ExecutionState};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::agent_key;
use crate::error::corrupt;
use crate::orchestration::closing::{ClosedAttempt, Closing, close_attempts, free_slots};

/// The open executions of agents.
pub(super) type OpenExecutions = BTreeMap<AgentId, Vec<AttemptKey>>;

/// Locks the tasks of the open executions of agents, and returns them. If an execution that is lost
/// (`true`) is the last attempt, also locks the tasks that depend on its task.
pub(super) async fn lock_tasks(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    agents: &BTreeMap<&AgentId, bool>,
) -> Result<BTreeSet<TaskId>, StoreError> {
    if agents.is_empty() {
        return Ok(BTreeSet::new());
    }
    let lock = Prepared(LockLosing {
        user: user.as_str(),
        agents: agents.keys().map(|agent| agent.as_str()).collect(),
        are_lost: agents.values().copied().collect(),
    });
    let tasks: Vec<String> = lock.load(connection).await?;
    tasks.into_iter().map(|task| task_id(user, task)).collect()
}

/// Reads the open executions of agents, in the order of their tasks.
pub(super) async fn open_of(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    agents: &BTreeSet<&AgentId>,
) -> Result<OpenExecutions, StoreError> {
    if agents.is_empty() {
        return Ok(OpenExecutions::new());
    }
    let read = Prepared(OpenOf {
        user: user.as_str(),
        agents: agents.iter().map(|agent| agent.as_str()).collect(),
    });
    let rows: Vec<(String, String, i32)> = read.load(connection).await?;
    let mut open = OpenExecutions::new();
    for (agent, task, attempt) in rows {
        let agent = agent_key(user, agent)?.agent;
        let task = TaskKey {
            user: user.clone(),
            task: task_id(user, task)?,
        };
        let refused = |source| corrupt("task_execution", "attempt", &task, source);
        let attempt = Attempt::new(attempt.into()).map_err(refused)?;
        let attempts = open.entry(agent).or_default();
        attempts.push(AttemptKey::new(task, attempt));
    }
    for attempts in open.values_mut() {
        attempts.sort_unstable();
    }
    Ok(open)
}

/// Closes executions in the order of their tasks, and frees their slots.
pub(super) async fn close(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    attempts: Vec<AttemptKey>,
    end: ExecutionState,
) -> Result<Vec<ClosedAttempt>, StoreError> {
    let closing = |attempt| Closing {
        attempt,
        end,
        report: None,
    };
    let closings = attempts.into_iter().map(closing).collect();
    // The first lock of the transaction has set the timeout.
    let closed = close_attempts(connection, context, closings, LockWait::Session).await?;
    free_slots(connection, &closed).await?;
    Ok(closed)
}

fn task_id(user: &UserId, task: String) -> Result<TaskId, StoreError> {
    let key = format!("{user}/{task}");
    TaskId::new(task).map_err(|source| corrupt("task_execution", "task_id", key, source))
}

/// `lock_losing.sql`.
#[derive(Debug)]
struct LockLosing<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
    are_lost: Vec<bool>,
}

impl Statement for LockLosing<'_> {
    const SQL: &'static str = include_str!("../sql/lock_losing.sql");
    type Columns = Text;
    type Id = LockLosing<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            3 => out.push_bind_param::<Array<Bool>, _>(&self.are_lost),
            other => unbound(other),
        }
    }
}

/// `open_of_agents.sql`.
#[derive(Debug)]
struct OpenOf<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
}

impl Statement for OpenOf<'_> {
    const SQL: &'static str = include_str!("../sql/open_of_agents.sql");
    type Columns = (Text, Text, Integer);
    type Id = OpenOf<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            other => unbound(other),
        }
    }
}
