//! Statements of a settlement, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Bool, Integer, Text, Timestamptz};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::Settled;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, UserId};
use tasktrail_postgres_client::statement::{Statement, unbound};

/// `lock_dependants.sql`.
#[derive(Debug)]
pub(in crate::orchestration) struct LockDependants<'e> {
    user: &'e str,
    ended: Vec<&'e str>,
    failed: Vec<bool>,
}

impl<'e> LockDependants<'e> {
    pub(super) fn of(user: &'e UserId, ended: &'e [(TaskId, TaskState)]) -> Self {
        let failed = |state: TaskState| state != TaskState::Completed;
        Self {
            user: user.as_str(),
            ended: ended.iter().map(|(task, _)| task.as_str()).collect(),
            failed: ended.iter().map(|(_, state)| failed(*state)).collect(),
        }
    }
}

impl Statement for LockDependants<'_> {
    const SQL: &'static str = include_str!("../sql/lock_dependants.sql");
    type Columns = (Text, Text, Integer, Bool);
    type Id = LockDependants<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.ended),
            3 => out.push_bind_param::<Array<Bool>, _>(&self.failed),
            other => unbound(other),
        }
    }
}

/// `blocked_dependants.sql`.
#[derive(Debug)]
pub(super) struct BlockedDependants<'e> {
    user: &'e str,
    prerequisites: Vec<&'e str>,
}

impl<'e> BlockedDependants<'e> {
    pub(super) fn of(user: &'e UserId, prerequisites: Vec<&'e TaskId>) -> Self {
        Self {
            user: user.as_str(),
            prerequisites: prerequisites.into_iter().map(TaskId::as_str).collect(),
        }
    }
}

impl Statement for BlockedDependants<'_> {
    const SQL: &'static str = include_str!("../sql/blocked_dependants.sql");
    type Columns = (Text, Text, Text);
    type Id = BlockedDependants<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.prerequisites),
            other => unbound(other),
        }
    }
}

/// `settle.sql`.
#[derive(Debug)]
pub(super) struct Settle<'e> {
    user: &'e str,
    tasks: Vec<&'e str>,
    states: Vec<&'static str>,
    open_dependencies: Vec<i32>,
    at: DateTime<Utc>,
}

impl<'e> Settle<'e> {
    pub(super) fn of(user: &'e UserId, at: Timestamp, settled: &'e [Settled]) -> Self {
        let open = |task: &Settled| i32::try_from(task.open_dependencies).unwrap_or(i32::MAX);
        Self {
            user: user.as_str(),
            tasks: settled.iter().map(|task| task.task.as_str()).collect(),
            states: settled.iter().map(|task| task.to.as_str()).collect(),
            open_dependencies: settled.iter().map(open).collect(),
            at: at.to_datetime(),
        }
    }
}

impl Statement for Settle<'_> {
    const SQL: &'static str = include_str!("../sql/settle.sql");
    type Columns = ();
    type Id = Settle<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Text>, _>(&self.states),
            4 => out.push_bind_param::<Array<Integer>, _>(&self.open_dependencies),
            5 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
