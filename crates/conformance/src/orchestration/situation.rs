//! The usual first steps of a case.

use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::Registration;
use tasktrail_domain::orchestration::dispatch::{ClaimOutcome, ClaimedTask};
use tasktrail_domain::orchestration::task::{PlanOutcome, TaskPlan};

use super::fixture::{Writes, claim_by};
use super::under_test::Orchestration;
use crate::fixture::user;

/// Returns the tasks of a claim that got any.
#[must_use]
pub fn claimed(outcome: ClaimOutcome) -> Vec<ClaimedTask> {
    match outcome {
        ClaimOutcome::Claimed { tasks } => tasks,
        ClaimOutcome::Empty { reason } => panic!("the claim got nothing: {reason:?}"),
    }
}

/// Steps that must succeed. Each is a write at the next time of `writes`.
impl Orchestration {
    /// Registers an agent that is unknown.
    pub async fn given_agent(&self, writes: &Writes, registration: &Registration) {
        let registered = self.register(&writes.next(), registration).await;
        assert!(registered.new, "{} is known", registration.agent);
    }

    /// Creates the tasks of a plan of `alice`, of which none exists.
    pub async fn given_tasks(&self, writes: &Writes, plan: &TaskPlan) {
        self.given_tasks_of(&user("alice"), writes, plan).await;
    }

    /// Creates the tasks of a plan of an owner, of which none exists.
    pub async fn given_tasks_of(&self, user: &UserId, writes: &Writes, plan: &TaskPlan) {
        let created = self.create(&writes.next(), user, plan).await;
        assert!(
            matches!(created, PlanOutcome::Created { .. }),
            "{created:?}"
        );
    }

    /// Claims up to `limit` tasks for a registered agent, and returns those that it got: at least
    /// one.
    pub async fn given_claim(
        &self,
        writes: &Writes,
        agent: &Registration,
        limit: i64,
    ) -> Vec<ClaimedTask> {
        claimed(self.claim(&writes.next(), &claim_by(agent, limit)).await)
    }

    /// Registers an unknown agent, creates a plan of its owner, and claims as many tasks as the agent has
    /// capacity for.
    pub async fn given_work(
        &self,
        writes: &Writes,
        agent: &Registration,
        plan: &TaskPlan,
    ) -> Vec<ClaimedTask> {
        self.given_agent(writes, agent).await;
        self.given_tasks_of(&agent.agent.user, writes, plan).await;
        let capacity = i64::from(agent.description.capacity.get());
        self.given_claim(writes, agent, capacity).await
    }
}
