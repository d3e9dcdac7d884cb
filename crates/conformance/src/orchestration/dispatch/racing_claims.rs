//! Claims and assignments that race each other.

use std::collections::BTreeSet;

use serde_json::json;
use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::agent::Registration;
use tasktrail_domain::orchestration::dispatch::{AssignOutcome, Claim, ClaimOutcome};
use tasktrail_domain::orchestration::task::CancelScope;
use tasktrail_domain::write::WriteContext;

use super::claimed::got;
use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, attempt_at, claim_by, completed, new_task, plan,
    plan_of, registration, task_id,
};
use crate::orchestration::soundness::assert_sound;
use crate::parallel::at_once;

/// Of many agents that claim the last task at once, at most one gets it. If none did, because each
/// passed over it, the next claim gets it.
pub async fn the_last_task_is_claimed_by_one_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    let agents = given_agents(orchestration, &writes, 16, 100).await;
    for trial in 0..20 {
        let id = format!("task {trial}");
        let tasks = plan_of([id.as_str()]);
        orchestration.given_tasks(&writes, &tasks).await;

        let claims = agents
            .iter()
            .map(|agent| claiming(orchestration, &writes, agent, 1));
        let mut outcomes = at_once(claims.collect::<Vec<_>>()).await;
        outcomes.push(claiming(orchestration, &writes, &agents[0], 1).await);

        let claimed: Vec<_> = outcomes.iter().flat_map(got).collect();
        assert_eq!(claimed, [id]);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Many agents that claim at once until nothing is ready get each task exactly once.
pub async fn racing_agents_get_each_task_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let agents = given_agents(orchestration, &writes, 8, 100).await;
    let tasks = (0..240).map(|n| {
        let required = [json!({}), json!({ "agent_type": "code" })];
        let task = new_task(&format!("{n:03}")).with_priority(n % 3);
        task.requiring(required[usize::from(n % 2 == 0)].clone())
    });
    orchestration.given_tasks(&writes, &plan(tasks)).await;

    let mut claimed = Vec::new();
    while claimed.len() < 240 {
        let claims = agents
            .iter()
            .map(|agent| claiming(orchestration, &writes, agent, 7));
        let mut outcomes = at_once(claims.collect::<Vec<_>>()).await;
        // Racing claims may pass over each other's tasks, but a claim alone gets one.
        let alone = claiming(orchestration, &writes, &agents[0], 1).await;
        let done = outcomes
            .iter()
            .map(|outcome| got(outcome).len())
            .sum::<usize>()
            + claimed.len();
        assert!(done == 240 || got(&alone).len() == 1, "{alone:?}");
        outcomes.push(alone);
        claimed.extend(outcomes.iter().flat_map(got).map(task_id));
    }

    let distinct: BTreeSet<&TaskId> = claimed.iter().collect();
    assert_eq!(distinct.len(), claimed.len());
    assert_sound(orchestration, &user("alice")).await;
}

/// Parallel claims of one agent never give it more than its capacity. If they passed over tasks, the
/// next claim fills the agent.
pub async fn racing_claims_of_an_agent_respect_its_capacity(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(5).with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    let ids: Vec<_> = (100..200).map(|n| n.to_string()).collect();
    let tasks = plan_of(ids.iter().map(String::as_str));
    orchestration.given_tasks(&writes, &tasks).await;

    for _ in 0..10 {
        let claims = (0..16).map(|n| claiming(orchestration, &writes, &builder, 1 + n % 3));
        let mut outcomes = at_once(claims.collect::<Vec<_>>()).await;
        outcomes.push(claiming(orchestration, &writes, &builder, 5).await);

        let claimed: Vec<_> = outcomes.iter().flat_map(got).collect();
        assert_eq!(claimed.len(), 5, "{outcomes:?}");
        assert_sound(orchestration, &user("alice")).await;
        for id in claimed {
            let report = completed(attempt_at(id, 1));
            orchestration.report(&writes.next(), &report).await;
        }
    }
}

/// Claims and assignments that race for the last slot of an agent fill it once, or leave it to the
/// next claim.
pub async fn the_last_slot_is_filled_once(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for trial in 0..20 {
        let ids: Vec<_> = (0..8).map(|n| format!("{trial} {n}")).collect();
        let tasks = plan_of(ids.iter().map(String::as_str));
        orchestration.given_tasks(&writes, &tasks).await;

        let assignments = ids.iter().map(|id| assigning(orchestration, &writes, id));
        let claims = (0..8).map(|_| claiming(orchestration, &writes, &builder, 8));
        let (assigned, claimed) = tokio::join!(
            at_once(assignments.collect::<Vec<_>>()),
            at_once(claims.collect::<Vec<_>>())
        );

        let last = claiming(orchestration, &writes, &builder, 8).await;

        let assigned = assigned
            .iter()
            .filter(|outcome| is_assigned(outcome))
            .count();
        let claimed = claimed.iter().chain([&last]);
        let claimed: usize = claimed.map(|outcome| got(outcome).len()).sum();
        assert_eq!(assigned + claimed, 1);
        assert_sound(orchestration, &user("alice")).await;
        for id in &ids {
            orchestration
                .cancel(&writes.next(), &task(id), CancelScope::Task)
                .await;
        }
    }
}

/// A task that is assigned to an agent while others claim it is given once.
pub async fn a_task_is_assigned_or_claimed(orchestration: &Orchestration) {
    let writes = Writes::default();
    let agents = given_agents(orchestration, &writes, 4, 100).await;
    let builder = registration("builder")
        .with_capacity(100)
        .with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for trial in 0..20 {
        let id = format!("task {trial}");
        let tasks = plan_of([id.as_str()]);
        orchestration.given_tasks(&writes, &tasks).await;

        let claims = agents
            .iter()
            .map(|agent| claiming(orchestration, &writes, agent, 1));
        let assignments = (0..4).map(|_| assigning(orchestration, &writes, &id));
        let (assigned, claimed) = tokio::join!(
            at_once(assignments.collect::<Vec<_>>()),
            at_once(claims.collect::<Vec<_>>())
        );

        let assigned = assigned
            .iter()
            .filter(|outcome| is_assigned(outcome))
            .count();
        let claimed: usize = claimed.iter().map(|outcome| got(outcome).len()).sum();
        assert_eq!(assigned + claimed, 1);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Equal claims at once, with the same id of their write, return the same tasks, which are claimed
/// once.
pub async fn equal_claims_at_once_get_the_same_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder")
        .with_capacity(100)
        .with_lease(86_400);
    orchestration.given_agent(&writes, &builder).await;
    for trial in 0..20 {
        let ids = ["a", "b", "c"].map(|id| format!("{trial} {id}"));
        let tasks = plan_of(ids.iter().map(String::as_str));
        orchestration.given_tasks(&writes, &tasks).await;
        let (context, claim) = (writes.next(), claim_by(&builder, 2));

        let claims = (0..8).map(|_| calling(orchestration, &context, &claim));
        let outcomes = at_once(claims.collect::<Vec<_>>()).await;

        assert_eq!(got(&outcomes[0]), ids[..2]);
        assert!(
            outcomes.iter().all(|outcome| *outcome == outcomes[0]),
            "{outcomes:?}"
        );
        assert_eq!(orchestration.changes_of(&context).await.len(), 2);
        let left = claiming(orchestration, &writes, &builder, 2).await;
        assert_eq!(got(&left), ids[2..]);
    }
    assert_sound(orchestration, &user("alice")).await;
}

/// Registers agents with a capacity.
async fn given_agents(
    orchestration: &Orchestration,
    writes: &Writes,
    count: usize,
    capacity: i64,
) -> Vec<Registration> {
    let ids = (0..count).map(|n| format!("agent {n}"));
    let agents: Vec<_> = ids
        .map(|id| registration(&id).with_capacity(capacity).with_lease(86_400))
        .collect();
    for agent in &agents {
        orchestration.given_agent(writes, agent).await;
    }
    agents
}

fn claiming(
    orchestration: &Orchestration,
    writes: &Writes,
    agent: &Registration,
    limit: i64,
) -> impl Future<Output = ClaimOutcome> + Send + use<> {
    calling(orchestration, &writes.next(), &claim_by(agent, limit))
}

fn calling(
    orchestration: &Orchestration,
    context: &WriteContext,
    claim: &Claim,
) -> impl Future<Output = ClaimOutcome> + Send + use<> {
    let orchestration = orchestration.clone();
    let (context, claim) = (context.clone(), claim.clone());
    async move { orchestration.claim(&context, &claim).await }
}

/// An assignment to the agent `builder`.
fn assigning(
    orchestration: &Orchestration,
    writes: &Writes,
    id: &str,
) -> impl Future<Output = AssignOutcome> + Send + use<> {
    let orchestration = orchestration.clone();
    let (context, task) = (writes.next(), task(id));
    async move {
        let builder = agent_id("builder");
        orchestration.assign(&context, &task, &builder).await
    }
}

const fn is_assigned(outcome: &AssignOutcome) -> bool {
    matches!(outcome, AssignOutcome::Assigned { .. })
}
