//! Statements of reports, and their parameters.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{
    Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::dispatch::{CpuTime, MemoryUsage, Report};
use tasktrail_domain::write::{WriteContext, WriteId};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use super::super::bound_context::BoundContext;
use crate::jsonb_result::SentJson;

/// `report_completed.sql`.
#[derive(Debug)]
pub(in crate::orchestration::dispatch) struct ReportCompleted<'e> {
    user: &'e str,
    task: &'e str,
    attempt: i32,
    context: BoundContext<'e>,
    output: Option<SentJson<'e>>,
    memory: Option<i32>,
    cpu_time: Option<i64>,
    lock_timeout: Option<String>,
}

impl<'e> ReportCompleted<'e> {
    pub(in crate::orchestration::dispatch) fn of(
        context: &'e WriteContext,
        report: &'e Report,
        wait: LockWait,
    ) -> Self {
        let output = report.output.as_ref();
        Self {
            user: report.attempt.task.user.as_str(),
            task: report.attempt.task.task.as_str(),
            attempt: report.attempt.attempt.get(),
            context: BoundContext::of(context),
            output: output.map(|output| SentJson(output.as_json())),
            memory: report.usage.memory.map(MemoryUsage::get),
            cpu_time: report.usage.cpu_time.map(CpuTime::get),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for ReportCompleted<'_> {
    const SQL: &'static str = include_str!("../../sql/report_completed.sql");
    type Columns = Array<Text>;
    type Id = ReportCompleted<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.task),
            3 => out.push_bind_param::<Integer, _>(&self.attempt),
            4 => out.push_bind_param::<Timestamptz, _>(&self.context.at),
            5 => out.push_bind_param::<SqlUuid, _>(&self.context.id),
            6 => out.push_bind_param::<Text, _>(&self.context.actor),
            7 => out.push_bind_param::<Nullable<Text>, _>(&self.context.note),
            8 => out.push_bind_param::<Nullable<Jsonb>, _>(&self.output),
            9 => out.push_bind_param::<Nullable<Integer>, _>(&self.memory),
            10 => out.push_bind_param::<Nullable<BigInt>, _>(&self.cpu_time),
            11 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `unlocked.sql`.
#[derive(Debug)]
pub(in crate::orchestration::dispatch) struct Unlocked<'e> {
    user: &'e str,
    id: Uuid,
}

impl<'e> Unlocked<'e> {
    pub(in crate::orchestration::dispatch) fn of(user: &'e UserId, id: WriteId) -> Self {
        let (user, id) = (user.as_str(), id.as_uuid());
        Self { user, id }
    }
}

impl Statement for Unlocked<'_> {
    const SQL: &'static str = include_str!("../../sql/unlocked.sql");
    type Columns = (Text, Text);
    type Id = Unlocked<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<SqlUuid, _>(&self.id),
            other => unbound(other),
        }
    }
}
