//! The operations of the port as [`PgOperation`]s, with borrowed arguments.

use diesel_async::AsyncPgConnection;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, Claim, ClaimOutcome, Execution, ExecutionCursor, ExecutionFilter, QueueLoad,
    ReapLimit, ReapedAttempt, Report, ReportOutcome, StartOutcome, operation,
};
use tasktrail_domain::orchestration::{AgentId, AttemptKey};
use tasktrail_domain::repository::{Operation, Page, PageRequest};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pg_operation::PgOperation;

use super::{assign, claim, executions, load, reap, report, start};

pub(super) struct MakeClaim<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e Claim,
    pub(super) LockWait,
);

impl PgOperation for MakeClaim<'_> {
    type Output = ClaimOutcome;

    const OPERATION: Operation = operation::CLAIM;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, claim, wait) = *self;
        let claimed = claim::claim(connection, context, claim, wait).await;
        claimed.map_err(|error| wait.explain(error))
    }
}

pub(super) struct Assign<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e TaskKey,
    pub(super) &'e AgentId,
    pub(super) LockWait,
);

impl PgOperation for Assign<'_> {
    type Output = AssignOutcome;

    const OPERATION: Operation = operation::ASSIGN;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, task, agent, wait) = *self;
        let assigned = assign::assign(connection, context, task, agent, wait).await;
        assigned.map_err(|error| wait.explain(error))
    }
}

pub(super) struct Start<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e AttemptKey,
    pub(super) LockWait,
);

impl PgOperation for Start<'_> {
    type Output = StartOutcome;

    const OPERATION: Operation = operation::START;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, attempt, wait) = *self;
        let started = start::start(connection, context, attempt, wait).await;
        started.map_err(|error| wait.explain(error))
    }
}

pub(super) struct MakeReport<'e>(
    pub(super) &'e WriteContext,
    pub(super) &'e Report,
    pub(super) LockWait,
);

impl PgOperation for MakeReport<'_> {
    type Output = ReportOutcome;

    const OPERATION: Operation = operation::REPORT;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, report, wait) = *self;
        let reported = report::report(connection, context, report, wait).await;
        reported.map_err(|error| wait.explain(error))
    }
}

pub(super) struct Reap<'e>(
    pub(super) &'e WriteContext,
    pub(super) ReapLimit,
    pub(super) LockWait,
);

impl PgOperation for Reap<'_> {
    type Output = Vec<ReapedAttempt>;

    const OPERATION: Operation = operation::REAP;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let Self(context, limit, wait) = *self;
        let reaped = reap::reap(connection, context, limit, wait).await;
        reaped.map_err(|error| wait.explain(error))
    }
}

pub(super) struct Executions<'e>(
    pub(super) &'e UserId,
    pub(super) &'e ExecutionFilter,
    pub(super) &'e PageRequest<ExecutionCursor>,
);

impl PgOperation for Executions<'_> {
    type Output = Page<Execution, ExecutionCursor>;

    const OPERATION: Operation = operation::EXECUTIONS;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        executions::page(connection, self.0, self.1, self.2).await
    }
}

pub(super) struct Load<'e>(pub(super) &'e UserId, pub(super) Timestamp);

impl PgOperation for Load<'_> {
    type Output = QueueLoad;

    const OPERATION: Operation = operation::LOAD;
    const LONG: bool = true;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        load::load(connection, self.0, self.1).await
    }
}
