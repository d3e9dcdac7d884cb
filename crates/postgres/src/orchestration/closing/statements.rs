//! Statements that close attempts, and their parameters.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use tasktrail_domain::orchestration::AgentKey;
use tasktrail_domain::orchestration::dispatch::{AfterAttempt, CpuTime, MemoryUsage};
use tasktrail_domain::task_history::ErrorCode;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};

use super::{Closing, OpenAttempt};
use crate::jsonb_result::SentJson;

/// `lock_attempts.sql`.
#[derive(Debug)]
pub(super) struct LockAttempts<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    attempts: Vec<i32>,
    lock_timeout: Option<String>,
}

impl<'e> LockAttempts<'e> {
    pub(super) fn of(closings: &'e [Closing<'_>], wait: LockWait) -> Self {
        let keys = || closings.iter().map(|closing| &closing.attempt);
        Self {
            users: keys().map(|key| key.task.user.as_str()).collect(),
            tasks: keys().map(|key| key.task.task.as_str()).collect(),
            attempts: keys().map(|key| key.attempt.get()).collect(),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for LockAttempts<'_> {
    const SQL: &'static str = include_str!("../sql/lock_attempts.sql");
    type Columns = (BigInt, Text, Nullable<Text>, Integer, Integer);
    type Id = LockAttempts<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.attempts),
            4 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `close_attempts.sql`, with one array parameter per column.
#[derive(Debug)]
pub(super) struct CloseAttempts<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    attempts: Vec<i32>,
    ends: Vec<&'static str>,
    outputs: Vec<Option<SentJson<'e>>>,
    error_codes: Vec<Option<&'e str>>,
    error_messages: Vec<Option<&'e str>>,
    memory: Vec<Option<i32>>,
    cpu_times: Vec<Option<i64>>,
    states: Vec<&'static str>,
    counted_attempts: Vec<i32>,
    due_at: Vec<Option<DateTime<Utc>>>,
    task_error_codes: Vec<Option<&'e str>>,
    at: DateTime<Utc>,
}

impl<'e> CloseAttempts<'e> {
    pub(super) fn of(ends: &'e [(&OpenAttempt<'_, '_>, AfterAttempt)], at: Timestamp) -> Self {
        let closings = || ends.iter().map(|(open, _)| open.closing);
        let reports = || closings().map(|closing| closing.report);
        let errors = || reports().map(|report| report?.result.error());
        let after = || ends.iter().map(|(_, after)| after);
        let counted = |after: &AfterAttempt| i32::try_from(after.counted_attempts);
        Self {
            users: closings().map(|c| c.attempt.task.user.as_str()).collect(),
            tasks: closings().map(|c| c.attempt.task.task.as_str()).collect(),
            attempts: closings().map(|c| c.attempt.attempt.get()).collect(),
            ends: closings().map(|c| c.end.as_str()).collect(),
            outputs: reports()
                .map(|report| report?.output.as_ref())
                .map(|output| output.map(|output| SentJson(output.as_json())))
                .collect(),
            error_codes: errors().map(|error| Some(error?.code.as_str())).collect(),
            error_messages: errors()
                .map(|error| Some(error?.message.as_str()))
                .collect(),
            memory: reports()
                .map(|report| report?.usage.memory.map(MemoryUsage::get))
                .collect(),
            cpu_times: reports()
                .map(|report| report?.usage.cpu_time.map(CpuTime::get))
                .collect(),
            states: after().map(|after| after.state.as_str()).collect(),
            counted_attempts: after()
                .map(|after| counted(after).unwrap_or(i32::MAX))
                .collect(),
            due_at: after()
                .map(|after| after.due_at.map(Timestamp::to_datetime))
                .collect(),
            task_error_codes: after()
                .map(|after| after.error_code.as_ref().map(ErrorCode::as_str))
                .collect(),
            at: at.to_datetime(),
        }
    }
}

impl Statement for CloseAttempts<'_> {
    const SQL: &'static str = include_str!("../sql/close_attempts.sql");
    type Columns = ();
    type Id = CloseAttempts<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.attempts),
            4 => out.push_bind_param::<Array<Text>, _>(&self.ends),
            5 => out.push_bind_param::<Array<Nullable<Jsonb>>, _>(&self.outputs),
            6 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error_codes),
            7 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error_messages),
            8 => out.push_bind_param::<Array<Nullable<Integer>>, _>(&self.memory),
            9 => out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.cpu_times),
            10 => out.push_bind_param::<Array<Text>, _>(&self.states),
            11 => out.push_bind_param::<Array<Integer>, _>(&self.counted_attempts),
            12 => out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(&self.due_at),
            13 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.task_error_codes),
            14 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}

/// `free_slots_of_agents.sql`.
#[derive(Debug)]
pub(super) struct FreeSlots<'e> {
    users: Vec<&'e str>,
    agents: Vec<&'e str>,
    slots: Vec<i32>,
}

impl<'e> FreeSlots<'e> {
    pub(super) fn of(slots: &'e BTreeMap<AgentKey, i32>) -> Self {
        Self {
            users: slots.keys().map(|agent| agent.user.as_str()).collect(),
            agents: slots.keys().map(|agent| agent.agent.as_str()).collect(),
            slots: slots.values().copied().collect(),
        }
    }
}

impl Statement for FreeSlots<'_> {
    const SQL: &'static str = include_str!("../sql/free_slots_of_agents.sql");
    type Columns = (Text, Text, Timestamptz);
    type Id = FreeSlots<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.slots),
            other => unbound(other),
        }
    }
}
