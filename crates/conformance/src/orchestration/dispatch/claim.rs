//! Which tasks a claim gets, and what becomes of them.

use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::AgentChanges;
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{
    ClaimOutcome, ClaimedTask, EmptyClaim, Execution, ExecutionFilter,
};
use tasktrail_domain::orchestration::task::CancelScope;

use super::claimed::{empty, got};
use crate::Orchestration;
use crate::fixture::{at, task, task_of, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent, agent_id, agent_of, attempt, attempt_at, claim_by,
    completed, instance, new_task, plan, plan_of, registration, registration_of, released, task_id,
    waiting,
};

/// A claim returns each task with the number of its attempt, its definition, and when it times out.
pub async fn a_claim_returns_the_definition_and_the_deadline(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let (build, review) = (new_task("build").limited_to(30), new_task("review"));
    orchestration.given_agent(&writes, &builder).await;
    orchestration
        .given_tasks(&writes, &plan([build.clone(), review.clone()]))
        .await;

    let outcome = orchestration
        .claim(&writes.at(at(10)), &claim_by(&builder, 2))
        .await;

    let first = attempt(1);
    let deadline = Some(at(40));
    let tasks = vec![
        ClaimedTask::new(build.task, first, build.definition, deadline),
        ClaimedTask::new(review.task, first, review.definition, None),
    ];
    assert_eq!(outcome, ClaimOutcome::Claimed { tasks });
}

/// A claimed task is assigned to the agent, with an execution that occupies one of its slots.
pub async fn a_claimed_task_is_assigned_to_the_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").by_instance(7);
    orchestration.given_agent(&writes, &builder).await;
    orchestration
        .given_tasks(&writes, &plan([new_task("build").limited_to(5)]))
        .await;
    let before = orchestration.task(&task("build")).await.progress;

    let claim = claim_by(&builder, 1);
    orchestration.claim(&writes.at(at(10)), &claim).await;

    let mut expected = before;
    expected.state = TaskState::Assigned;
    expected.attempts = 1;
    expected.agent = Some(agent_id("builder"));
    expected.due_at = None;
    expected.changed_at = at(10);
    assert_eq!(orchestration.task(&task("build")).await.progress, expected);
    let execution = Execution::assigned(
        attempt_at("build", 1),
        agent_id("builder"),
        instance(7),
        at(10),
        Some(at(15)),
    );
    let of_task = ExecutionFilter::OfTask(task_id("build"));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    assert_eq!(executions, [execution]);
    let presence = orchestration.agent(&agent("builder")).await.presence;
    assert_eq!(presence.open_executions, 1);
}

/// A claim has an entry in the audit log for each task, in the order of the claim.
pub async fn a_claim_is_logged_in_the_order_of_its_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(5);
    orchestration.given_agent(&writes, &builder).await;
    let tasks = [("a", 0), ("b", 9), ("c", 4)];
    let tasks = tasks.map(|(id, priority)| new_task(id).with_priority(priority));
    orchestration.given_tasks(&writes, &plan(tasks)).await;

    let context = writes.next();
    let outcome = orchestration.claim(&context, &claim_by(&builder, 5)).await;

    let claimed = ["b", "c", "a"];
    let (action, agent) = (Action::TASK_CLAIMED, agent_id("builder"));
    let changes = claimed.map(|id| Change::given(action.clone(), &task_id(id), &agent, attempt(1)));
    assert_eq!(got(&outcome), claimed);
    assert_eq!(orchestration.changes_of(&context).await, changes);
}

/// A claim returns no more tasks than its limit.
pub async fn a_claim_gets_tasks_up_to_its_limit(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1000);
    orchestration.given_agent(&writes, &builder).await;
    let ids: Vec<_> = (1000..2000).map(|n| n.to_string()).collect();
    let all = plan_of(ids.iter().map(String::as_str));
    orchestration.given_tasks(&writes, &all).await;

    for (limit, expected) in [(1, &ids[..1]), (3, &ids[1..4]), (1000, &ids[4..])] {
        let claim = claim_by(&builder, limit);
        let outcome = orchestration.claim(&writes.next(), &claim).await;
        assert_eq!(got(&outcome), expected);
    }
}

/// A claim never gives an agent more tasks than its capacity allows, and a task that it finished
/// makes room for another.
pub async fn a_claim_gets_tasks_up_to_the_capacity_of_the_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    let tasks = plan_of(["a", "b", "c", "d", "e"]);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &tasks).await;
    let claim = claim_by(&builder, 1000);

    let first = orchestration.claim(&writes.next(), &claim).await;
    let report = completed(attempt_at("b", 1));
    orchestration.report(&writes.next(), &report).await;
    let second = orchestration.claim(&writes.next(), &claim).await;

    assert_eq!(got(&first), ["a", "b", "c"]);
    assert_eq!(got(&second), ["d"]);
    let presence = orchestration.agent(&agent("builder")).await.presence;
    assert_eq!(presence.open_executions, 3);
}

/// An agent with more open executions than its lowered capacity gets no task until it has room.
pub async fn an_agent_above_its_capacity_gets_no_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    orchestration
        .given_work(&writes, &builder, &plan_of(["a", "b", "c"]))
        .await;
    let mut changes = AgentChanges::default();
    changes.capacity = Some(1.try_into().unwrap());
    orchestration
        .update_agent(&writes.next(), &builder.agent, &changes)
        .await;
    let claim = claim_by(&builder, 1);

    let above = orchestration.claim(&writes.next(), &claim).await;
    orchestration
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;
    let at_capacity = orchestration.claim(&writes.next(), &claim).await;
    orchestration
        .report(&writes.next(), &completed(attempt_at("b", 1)))
        .await;
    let below = orchestration.claim(&writes.next(), &claim).await;

    assert_eq!(above, empty(EmptyClaim::Full));
    assert_eq!(at_capacity, empty(EmptyClaim::Full));
    assert_eq!(got(&below), ["c"]);
}

/// A claim gets a task from the time on at which it is due.
pub async fn a_claim_gets_tasks_that_are_due(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let report = released(attempt_at("a", 1), at(30));
    orchestration.report(&writes.next(), &report).await;
    let claim = claim_by(&builder, 1);

    let early = orchestration.claim(&writes.at(at(29)), &claim).await;
    let due = orchestration.claim(&writes.at(at(30)), &claim).await;

    assert_eq!(early, empty(EmptyClaim::NothingReady));
    assert_eq!(got(&due), ["a"]);
}

/// A claim gets no task that is blocked, assigned, running, waiting or ended.
pub async fn a_claim_gets_only_ready_tasks(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    let tasks = ["assigned", "cancelled", "completed", "running", "waiting"].map(new_task);
    let blocked = new_task("blocked").after("assigned");
    let skipped = new_task("skipped").after("cancelled");
    let all = plan(tasks.into_iter().chain([blocked, skipped]));
    orchestration.given_work(&writes, &builder, &all).await;
    orchestration
        .report(&writes.next(), &completed(attempt_at("completed", 1)))
        .await;
    orchestration
        .report(&writes.next(), &waiting(attempt_at("waiting", 1)))
        .await;
    orchestration
        .start(&writes.next(), &attempt_at("running", 1))
        .await;
    orchestration
        .cancel(&writes.next(), &task("cancelled"), CancelScope::Task)
        .await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&builder, 10))
        .await;

    assert_eq!(outcome, empty(EmptyClaim::NothingReady));
}

/// A claim gets no task of another owner, also if both have an agent and a task of the same ids.
pub async fn a_claim_gets_only_tasks_of_its_owner(orchestration: &Orchestration) {
    let writes = Writes::default();
    let of_alice = registration("builder").with_capacity(10);
    let of_bob = registration_of(&agent_of("bob", "builder")).with_capacity(10);
    for owner in [&of_alice, &of_bob] {
        orchestration.given_agent(&writes, owner).await;
    }
    orchestration
        .given_tasks(&writes, &plan_of(["a", "b"]))
        .await;
    orchestration
        .given_tasks_of(&of_bob.agent.user, &writes, &plan_of(["a"]))
        .await;

    let outcome = orchestration
        .claim(&writes.next(), &claim_by(&of_bob, 10))
        .await;

    assert_eq!(got(&outcome), ["a"]);
    let state_of = async |user| {
        let task = orchestration.task(&task_of(user, "a")).await;
        task.progress.state
    };
    assert_eq!(state_of("bob").await, TaskState::Assigned);
    assert_eq!(state_of("alice").await, TaskState::Ready);
    let presence = orchestration.agent(&of_alice.agent).await.presence;
    assert_eq!(presence.open_executions, 0);
}

/// A task that is claimed again has the next attempt, and its earlier execution is kept.
pub async fn a_task_that_is_claimed_again_has_the_next_attempt(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let context = writes.next();
    let report = released(attempt_at("a", 1), context.at);
    orchestration.report(&context, &report).await;

    let again = orchestration.given_claim(&writes, &builder, 1).await;

    assert_eq!(again[0].attempt, attempt(2));
    let of_task = ExecutionFilter::OfTask(task_id("a"));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    let keys = executions.into_iter().map(|execution| execution.key);
    assert!(keys.eq([2, 1].map(|number| attempt_at("a", number))));
}
