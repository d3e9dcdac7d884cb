use async_trait::async_trait;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, Claim, ClaimOutcome, DispatchRepository, Execution, ExecutionCursor,
    ExecutionFilter, QueueLoad, ReapLimit, ReapedAttempt, Report, ReportOutcome, StartOutcome,
    operation,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AttemptKey};
use tasktrail_domain::repository::{Page, PageRequest, Result};
use tasktrail_domain::task_history::Scope;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{TaskKey, UserId};

use super::{InMemoryOrchestration, conflict};
use crate::store::Data;
use crate::store::orchestration::{Owner, Purpose, Subject, Write};
use crate::store::transactions::{Lock, Transactions};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DispatchRepository for InMemoryOrchestration {
    async fn claim(&self, context: &WriteContext, claim: &Claim) -> Result<ClaimOutcome> {
        let AgentKey { user, agent } = &claim.agent;
        let purpose = Purpose::of_agent(operation::CLAIM, agent);
        let give = |write: &mut Write<'_>| write.claim(claim);
        let give_once = |owner: &mut Owner| {
            let written = owner.write(context, purpose, give);
            let (outcome, ended) =
                written.map_err(|refused| conflict(operation::CLAIM, refused))?;
            // A repetition may have definitions that were changed since.
            Ok((owner.with_current_definitions(outcome), ended))
        };
        self.change(operation::CLAIM, user, give_once).await
    }

    async fn assign(
        &self,
        context: &WriteContext,
        task: &TaskKey,
        agent: &AgentId,
    ) -> Result<AssignOutcome> {
        let TaskKey { user, task } = task;
        let subject = Subject::Assignment(task.clone(), agent.clone());
        let assign = |write: &mut Write<'_>| write.assign(task, agent);
        let purpose = Purpose::new(operation::ASSIGN, subject);
        self.write(context, user, purpose, assign).await
    }

    async fn start(&self, context: &WriteContext, attempt: &AttemptKey) -> Result<StartOutcome> {
        let TaskKey { user, task } = &attempt.task;
        let purpose = Purpose::of_task(operation::START, task);
        let start = |write: &mut Write<'_>| write.start(attempt);
        self.write(context, user, purpose, start).await
    }

    async fn report(&self, context: &WriteContext, report: &Report) -> Result<ReportOutcome> {
        let TaskKey { user, task } = &report.attempt.task;
        let purpose = Purpose::of_task(operation::REPORT, task);
        let close = |write: &mut Write<'_>| write.report(report);
        self.write(context, user, purpose, close).await
    }

    /// Skips owners that a transaction has written.
    async fn reap(&self, context: &WriteContext, limit: ReapLimit) -> Result<Vec<ReapedAttempt>> {
        let transaction = self.view.transaction();
        let find = |data: &Data, transactions: &Transactions| -> Vec<UserId> {
            let owners = data.owners.in_scope(&Scope::Everyone, None);
            let users = owners
                .filter(|owner| !owner.expired_attempts(context.at).is_empty())
                .map(|owner| owner.user.clone());
            let is_locked =
                |user: &UserId| transactions.lock_out(transaction, &Lock::Owner(user.clone()));
            users.filter(|user| !is_locked(user)).collect()
        };
        let users = self.view.read(operation::REAP, find)?;
        let locks = || users.iter().cloned().map(Lock::Owner).collect();
        let reap = |data: &mut Data| {
            let reaped = data.owners.reap(context, &users, limit);
            reaped.map_err(|refused| conflict(operation::REAP, refused))
        };
        self.view
            .write_and_finish(operation::REAP, locks, reap)
            .await
    }

    async fn executions(
        &self,
        user: &UserId,
        filter: &ExecutionFilter,
        page: &PageRequest<ExecutionCursor>,
    ) -> Result<Page<Execution, ExecutionCursor>> {
        let list = |owner: &Owner| owner.executions.page(filter, page);
        self.read(operation::EXECUTIONS, user, list)
    }

    async fn load(&self, user: &UserId, at: Timestamp) -> Result<QueueLoad> {
        self.read(operation::LOAD, user, |owner| owner.tasks.load(at))
    }
}
