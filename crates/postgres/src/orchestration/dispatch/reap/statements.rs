//! Statements of a reap, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Text, Timestamptz};
use tasktrail_domain::orchestration::AttemptKey;
use tasktrail_domain::orchestration::dispatch::ReapLimit;
use tasktrail_domain::write::WriteContext;
use tasktrail_postgres_client::statement::{Statement, unbound};

/// `reapable.sql`.
#[derive(Debug)]
pub(in crate::orchestration::dispatch) struct Reapable {
    at: DateTime<Utc>,
    limit: i64,
}

impl Reapable {
    pub(in crate::orchestration::dispatch) fn of(context: &WriteContext, limit: ReapLimit) -> Self {
        Self {
            at: context.at.to_datetime(),
            limit: limit.get().into(),
        }
    }
}

impl Statement for Reapable {
    const SQL: &'static str = include_str!("../../sql/reapable.sql");
    type Columns = (Text, Text, Integer);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Timestamptz, _>(&self.at),
            2 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}

/// `expired_attempts.sql`.
#[derive(Debug)]
pub(in crate::orchestration::dispatch) struct ExpiredAttempts<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    attempts: Vec<i32>,
    at: DateTime<Utc>,
}

impl<'e> ExpiredAttempts<'e> {
    pub(in crate::orchestration::dispatch) fn of(
        context: &WriteContext,
        attempts: &'e [AttemptKey],
    ) -> Self {
        let each = || attempts.iter();
        Self {
            users: each().map(|key| key.task.user.as_str()).collect(),
            tasks: each().map(|key| key.task.task.as_str()).collect(),
            attempts: each().map(|key| key.attempt.get()).collect(),
            at: context.at.to_datetime(),
        }
    }
}

impl Statement for ExpiredAttempts<'_> {
    const SQL: &'static str = include_str!("../../sql/expired_attempts.sql");
    type Columns = (BigInt, Bool);
    type Id = ExpiredAttempts<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.attempts),
            4 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
