use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, Claim, ClaimOutcome, Execution, ExecutionCursor, ExecutionFilter, QueueLoad,
    ReapLimit, ReapedAttempt, Report, ReportOutcome, StartOutcome,
};
use tasktrail_domain::orchestration::{AgentId, AttemptKey};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskKey, UserId};

use super::Orchestration;
use crate::pages::pages;

/// The methods of the port of the dispatch. Each panics on an error.
impl Orchestration {
    /// Claims tasks.
    pub async fn claim(&self, context: &WriteContext, claim: &Claim) -> ClaimOutcome {
        self.dispatch.claim(context, claim).await.unwrap()
    }

    /// Assigns a task to an agent.
    pub async fn assign(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        agent: &AgentId,
    ) -> AssignOutcome {
        self.dispatch.assign(context, task, agent).await.unwrap()
    }

    /// Starts an attempt.
    pub async fn start(&self, context: &WriteContext, attempt: &AttemptKey) -> StartOutcome {
        self.dispatch.start(context, attempt).await.unwrap()
    }

    /// Reports the end of an attempt.
    pub async fn report(&self, context: &WriteContext, report: &Report) -> ReportOutcome {
        self.dispatch.report(context, report).await.unwrap()
    }

    /// Reaps up to 100 executions.
    pub async fn reap(&self, context: &WriteContext) -> Vec<ReapedAttempt> {
        self.reap_up_to(context, ReapLimit::DEFAULT).await
    }

    /// Reaps executions.
    pub async fn reap_up_to(&self, context: &WriteContext, limit: ReapLimit) -> Vec<ReapedAttempt> {
        self.dispatch.reap(context, limit).await.unwrap()
    }

    /// Returns one page of the executions.
    pub async fn execution_page(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Page<Execution, ExecutionCursor> {
        let page = self.dispatch.executions(user, filter, page).await;
        page.unwrap()
    }

    /// Returns the executions as pages.
    pub async fn execution_pages(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        size: u64,
    ) -> Vec<Vec<Execution>> {
        pages(size, async |asked| {
            self.execution_page(user, filter, asked).await
        })
        .await
    }

    /// Returns all executions that a filter accepts.
    pub async fn executions(&self, user: &UserId, filter: &ExecutionFilter) -> Vec<Execution> {
        self.execution_pages(user, filter, 1000).await.concat()
    }

    /// Counts the ready tasks by queue.
    pub async fn load(&self, user: &UserId, at: Timestamp) -> QueueLoad {
        self.dispatch.load(user, at).await.unwrap()
    }
}
