//! Assignments of tasks to agents.

use serde_json::json;
use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::{Registration, Retirement, StateRequest};
use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, Execution, ExecutionFilter, Unavailable,
};
use tasktrail_domain::orchestration::task::CancelScope;

use crate::Orchestration;
use crate::fixture::{INSTANT, at, task, task_of, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, agent_of, attempt, attempt_at, completed,
    document, instance, new_task, plan, plan_of, registration, registration_of, released, task_id,
    waiting,
};

/// An assigned task has an execution of the registered instance, and occupies a slot of the agent.
pub async fn an_assigned_task_is_that_of_the_agent(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").by_instance(4).with_capacity(2);
    let build = new_task("build").limited_to(30);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &plan([build])).await;
    let before = orchestration.task(&task("build")).await.progress;

    let context = writes.at(at(10));
    let outcome = orchestration
        .assign(&context, &task("build"), &agent_id("builder"))
        .await;

    let deadline = Some(at(40));
    let number = attempt(1);
    assert_eq!(
        outcome,
        AssignOutcome::Assigned {
            attempt: number,
            deadline
        }
    );
    let mut expected = before;
    expected.state = TaskState::Assigned;
    expected.attempts = 1;
    expected.agent = Some(agent_id("builder"));
    expected.due_at = None;
    expected.changed_at = at(10);
    assert_eq!(orchestration.task(&task("build")).await.progress, expected);
    let key = attempt_at("build", 1);
    let execution = Execution::assigned(key, agent_id("builder"), instance(4), at(10), deadline);
    let of_task = ExecutionFilter::OfTask(task_id("build"));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    assert_eq!(executions, [execution]);
    let presence = orchestration.agent(&builder.agent).await.presence;
    assert_eq!(presence.open_executions, 1);
    let change = Change::given(
        Action::TASK_ASSIGNED,
        &task_id("build"),
        &agent_id("builder"),
        number,
    );
    assert_eq!(orchestration.changes_of(&context).await, [change]);
}

/// A task can be assigned before it is due.
pub async fn an_assigned_task_need_not_be_due(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    orchestration
        .report(&writes.next(), &released(attempt_at("a", 1), at(1000)))
        .await;

    let outcome = orchestration
        .assign(&writes.next(), &task("a"), &agent_id("builder"))
        .await;

    assert_eq!(outcome, assigned(2));
}

/// Only an existing task is assigned, and only to a registered agent of its owner.
pub async fn unknown_tasks_and_agents_are_not_assigned(orchestration: &Orchestration) {
    let writes = Writes::default();
    let of_bob = registration_of(&agent_of("bob", "builder"));
    orchestration.given_agent(&writes, &of_bob).await;
    orchestration
        .given_tasks_of(&of_bob.agent.user, &writes, &plan_of(["a"]))
        .await;
    orchestration.given_tasks(&writes, &plan_of(["b"])).await;

    for (task, expected) in [
        (task("a"), AssignOutcome::UnknownTask),
        (task("b"), AssignOutcome::UnknownAgent),
        (task_of("bob", "b"), AssignOutcome::UnknownTask),
        (task_of("bob", "a"), assigned(1)),
    ] {
        let context = writes.next();
        let outcome = orchestration
            .assign(&context, &task, &agent_id("builder"))
            .await;
        assert_eq!(outcome, expected, "{task}");
    }
}

/// A task that is not ready is not assigned; its state and its agent are returned.
pub async fn a_task_that_is_not_ready_is_not_assigned(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    let tasks = ["assigned", "cancelled", "completed", "running", "waiting"].map(new_task);
    let blocked = new_task("blocked").after("assigned");
    let skipped = new_task("skipped").after("cancelled");
    let all = plan(tasks.into_iter().chain([blocked, skipped]));
    orchestration.given_work(&writes, &builder, &all).await;
    let other = registration("other");
    orchestration.given_agent(&writes, &other).await;
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

    for (id, state) in [
        ("assigned", TaskState::Assigned),
        ("blocked", TaskState::Blocked),
        ("cancelled", TaskState::Cancelled),
        ("completed", TaskState::Completed),
        ("running", TaskState::Running),
        ("skipped", TaskState::Skipped),
        ("waiting", TaskState::Waiting),
    ] {
        let context = writes.next();
        let outcome = orchestration
            .assign(&context, &task(id), &agent_id("other"))
            .await;
        let agent = state.is_executing().then(|| agent_id("builder"));
        assert_eq!(outcome, AssignOutcome::NotReady { state, agent });
        assert_eq!(orchestration.changes_of(&context).await, []);
    }
}

/// An agent that is draining, retired or offline is not given a task.
pub async fn an_unavailable_agent_is_not_given_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_lease(20);
    orchestration.register(&writes.at(at(0)), &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    let task = task("a");
    let assigned_at = async |time| {
        let context = writes.at(time);
        orchestration
            .assign(&context, &task, &builder.agent.agent)
            .await
    };
    let after_the_lease = at(20).saturating_add(INSTANT);

    assert_eq!(
        assigned_at(after_the_lease).await,
        unavailable(Unavailable::LeaseEnded)
    );
    let requests = [
        (StateRequest::Drain, Unavailable::Draining),
        (
            StateRequest::Retire(Retirement::IfIdle),
            Unavailable::Retired,
        ),
    ];
    for (request, reason) in requests {
        orchestration
            .set_state(&writes.next(), &builder.agent, request)
            .await;
        for time in [at(10), after_the_lease] {
            assert_eq!(assigned_at(time).await, unavailable(reason));
        }
    }
    orchestration.register(&writes.at(at(1)), &builder).await;
    assert_eq!(assigned_at(at(21)).await, assigned(1));
}

/// A task is not assigned to an agent that does not fit; what it requires is returned.
pub async fn an_agent_that_does_not_fit_is_not_given_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").capable_of(json!({ "gpu": 1 }));
    let required = json!({ "agent_type": "code", "gpu": 2 });
    let tasks = plan([
        new_task("a").requiring(required.clone()),
        new_task("b").requiring(json!({ "agent_type": "code", "gpu": 1 })),
    ]);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &tasks).await;

    let unfit = assign(orchestration, &writes, "a", &builder).await;
    let fit = assign(orchestration, &writes, "b", &builder).await;

    let required = document(&required);
    assert_eq!(unfit, AssignOutcome::Unfit { required });
    assert_eq!(fit, assigned(1));
}

/// An agent without a free slot is not given a task; its capacity is returned.
pub async fn a_full_agent_is_not_given_a_task(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let tasks = plan_of(["a", "b", "c"]);
    orchestration.given_work(&writes, &builder, &tasks).await;

    let full = assign(orchestration, &writes, "c", &builder).await;
    orchestration
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;
    let free = assign(orchestration, &writes, "c", &builder).await;

    let capacity = 2.try_into().unwrap();
    assert_eq!(full, AssignOutcome::Full { capacity });
    assert_eq!(free, assigned(1));
}

/// If there are several reasons not to assign, the first is returned of: unknown task, unknown
/// agent, not ready, unavailable, unfit, full.
pub async fn an_assignment_returns_the_first_reason(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([
        new_task("a"),
        new_task("b").requiring(json!({ "gpu": 1 })),
        new_task("blocked")
            .requiring(json!({ "gpu": 1 }))
            .after("a"),
    ]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    let unknown = registration("unknown");

    let no_task = assign(orchestration, &writes, "x", &unknown).await;
    let no_agent = assign(orchestration, &writes, "blocked", &unknown).await;
    let unfit = assign(orchestration, &writes, "b", &builder).await;
    orchestration
        .set_state(&writes.next(), &builder.agent, StateRequest::Drain)
        .await;
    let draining = assign(orchestration, &writes, "b", &builder).await;
    let not_ready = assign(orchestration, &writes, "blocked", &builder).await;

    assert_eq!(no_task, AssignOutcome::UnknownTask);
    assert_eq!(no_agent, AssignOutcome::UnknownAgent);
    assert!(matches!(unfit, AssignOutcome::Unfit { .. }), "{unfit:?}");
    assert_eq!(draining, unavailable(Unavailable::Draining));
    let (state, agent) = (TaskState::Blocked, None);
    assert_eq!(not_ready, AssignOutcome::NotReady { state, agent });
}

/// Assigns a task of `alice` to an agent.
async fn assign(
    orchestration: &Orchestration,
    writes: &Writes,
    id: &str,
    to: &Registration,
) -> AssignOutcome {
    let task: TaskKey = task(id);
    let context = writes.next();
    orchestration.assign(&context, &task, &to.agent.agent).await
}

/// The outcome for a task without a time limit.
fn assigned(number: i64) -> AssignOutcome {
    AssignOutcome::Assigned {
        attempt: attempt(number),
        deadline: None,
    }
}

const fn unavailable(reason: Unavailable) -> AssignOutcome {
    AssignOutcome::Unavailable { reason }
}
