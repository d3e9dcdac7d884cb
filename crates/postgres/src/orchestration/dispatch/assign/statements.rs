//! Statements of an assignment, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use crate::jsonb_result::StoredDocument;

/// An agent: its instance, its state, the end of its lease, its capacity, the number of its open
/// executions, and its type, name and capabilities.
pub(super) type CandidateRow = (
    Uuid,
    String,
    DateTime<Utc>,
    i32,
    i32,
    (String, String, StoredDocument),
);

/// The state of a task, the agent that has it, its required capabilities, and the agent that was
/// chosen.
pub(super) type AssignableRow = (String, Option<String>, StoredDocument, Option<CandidateRow>);

/// `assignable.sql`.
#[derive(Debug)]
pub(super) struct Assignable<'e> {
    task: &'e TaskKey,
    agent: &'e str,
    lock_timeout: Option<String>,
}

impl<'e> Assignable<'e> {
    pub(super) fn of(task: &'e TaskKey, agent: &'e AgentId, wait: LockWait) -> Self {
        Self {
            task,
            agent: agent.as_str(),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for Assignable<'_> {
    const SQL: &'static str = include_str!("../../sql/assignable.sql");
    type Columns = (
        Text,
        Nullable<Text>,
        Jsonb,
        Nullable<(
            SqlUuid,
            Text,
            Timestamptz,
            Integer,
            Integer,
            (Text, Text, Jsonb),
        )>,
    );
    type Id = Assignable<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<Text, _>(self.agent),
            4 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `assign.sql`.
#[derive(Debug)]
pub(super) struct AssignTask<'e> {
    task: &'e TaskKey,
    agent: &'e str,
    instance: Uuid,
    at: DateTime<Utc>,
}

impl<'e> AssignTask<'e> {
    pub(super) fn of(
        context: &WriteContext,
        task: &'e TaskKey,
        agent: &'e AgentId,
        instance: Uuid,
    ) -> Self {
        Self {
            task,
            agent: agent.as_str(),
            instance,
            at: context.at.to_datetime(),
        }
    }
}

impl Statement for AssignTask<'_> {
    const SQL: &'static str = include_str!("../../sql/assign.sql");
    type Columns = (Integer, Nullable<Timestamptz>);
    type Id = AssignTask<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<Text, _>(self.agent),
            4 => out.push_bind_param::<SqlUuid, _>(&self.instance),
            5 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
