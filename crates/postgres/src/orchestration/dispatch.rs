//! Dispatch in PostgreSQL.

mod assign;
mod attempt;
mod bound_context;
mod claim;
mod executions;
mod load;
mod operations;
#[cfg(test)]
mod plans;
mod reap;
mod report;
mod row;
mod start;

use async_trait::async_trait;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, Claim, ClaimOutcome, DispatchRepository, Execution, ExecutionCursor,
    ExecutionFilter, QueueLoad, ReapLimit, ReapedAttempt, Report, ReportOutcome, StartOutcome,
};
use tasktrail_domain::orchestration::{AgentId, AttemptKey};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskKey, UserId};

use super::PostgresOrchestration;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DispatchRepository for PostgresOrchestration<'_> {
    async fn claim(&self, context: &WriteContext, claim: &Claim) -> Result<ClaimOutcome> {
        self.write_once(|wait| operations::MakeClaim(context, claim, wait))
            .await
    }

    async fn assign(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        agent: &AgentId,
    ) -> Result<AssignOutcome> {
        self.write_once(|wait| operations::Assign(context, task, agent, wait))
            .await
    }

    async fn start(&self, context: &WriteContext, attempt: &AttemptKey) -> Result<StartOutcome> {
        self.write_once(|wait| operations::Start(context, attempt, wait))
            .await
    }

    async fn report(&self, context: &WriteContext, report: &Report) -> Result<ReportOutcome> {
        self.write_once(|wait| operations::MakeReport(context, report, wait))
            .await
    }

    async fn reap(&self, context: &WriteContext, limit: ReapLimit) -> Result<Vec<ReapedAttempt>> {
        self.write(|wait| operations::Reap(context, limit, wait))
            .await
    }

    async fn executions(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Result<Page<Execution, ExecutionCursor>> {
        self.run(operations::Executions(user, filter, page)).await
    }

    async fn load(&self, user: &UserId, at: Timestamp) -> Result<QueueLoad> {
        self.run(operations::Load(user, at)).await
    }
}
