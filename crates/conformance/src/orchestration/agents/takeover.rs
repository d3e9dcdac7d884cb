//! Registrations of a new instance, which takes the agent over.

use tasktrail_domain::orchestration::agent::{
    Heartbeat, HeartbeatOutcome, Registered, StateRequest,
};
use tasktrail_domain::orchestration::dispatch::{
    ClaimOutcome, EmptyClaim, ExecutionFilter, ReportOutcome,
};
use tasktrail_domain::orchestration::{AgentState, ExecutionState, TaskState, Version};
use tasktrail_domain::task_history::{ErrorCode, TaskStatus};

use crate::Orchestration;
use crate::fixture::{task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, attempt_at, claim_by, completed, lost, new_task,
    plan, plan_of, registration, task_id,
};
use crate::orchestration::soundness::assert_sound;

/// A new instance takes over at once: the previous one gets no more tasks, and its heartbeats return
/// `Replaced`. An instance that registers again takes over, too.
pub async fn the_instance_that_registered_last_is_the_one_that_gets_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let instances = [1, 2].map(|number| registration("builder").by_instance(number));
    store.given_agent(&writes, &instances[0]).await;
    store
        .given_tasks(&writes, &plan_of(["a", "b", "c", "d"]))
        .await;

    for [current, previous] in [[1, 0], [0, 1]] {
        let (current, previous) = (&instances[current], &instances[previous]);
        store.register(&writes.next(), current).await;

        let refused = store.claim(&writes.next(), &claim_by(previous, 1)).await;
        let reason = EmptyClaim::Replaced;
        assert_eq!(refused, ClaimOutcome::Empty { reason });
        let late = Heartbeat::new(previous.agent.clone(), previous.instance, writes.next().at);
        let instance = current.instance;
        let replaced = HeartbeatOutcome::Replaced { instance };
        assert_eq!(store.heartbeat(&late).await, replaced);
        store.given_claim(&writes, current, 1).await;
    }
}

/// The executions of the previous instance that are assigned or running are lost at the time of the
/// registration, and their slots are free.
pub async fn the_open_executions_of_the_previous_instance_are_lost(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    let takeover = writes.next();

    store.register(&takeover, &builder.by_instance(2)).await;

    let of_agent = ExecutionFilter::OfAgent(agent_id("builder"));
    let executions = store.executions(&user("alice"), &of_agent).await;
    assert_eq!(executions.len(), 2);
    for execution in executions {
        assert_eq!(execution.state, ExecutionState::Lost);
        assert_eq!(execution.closed_at, Some(takeover.at));
    }
    let agent = store.agent(&registration("builder").agent).await;
    assert_eq!(agent.presence.open_executions, 0);
    assert_sound(store, &user("alice")).await;
}

/// The task of a lost execution is ready again, due at the time of the registration. The attempt is
/// counted.
pub async fn the_tasks_of_lost_executions_are_ready_again(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let restarted = builder.by_instance(2);
    let takeover = writes.next();

    let registered = store.register(&takeover, &restarted).await;

    let expected = Registered::new(false, Version::DEFAULT);
    let lost = vec![lost("a", 1, TaskState::Ready)];
    assert_eq!(registered, expected.with_lost(lost));
    let progress = store.task(&task("a")).await.progress;
    assert_eq!(progress.state, TaskState::Ready);
    assert_eq!((progress.attempts, progress.counted_attempts), (1, 1));
    assert_eq!((progress.agent, progress.due_at), (None, Some(takeover.at)));
    assert_eq!(progress.changed_at, takeover.at);
    assert_eq!(progress.error_code, Some(ErrorCode::EXECUTION));
    let again = store.given_claim(&writes, &restarted, 1).await;
    assert_eq!((again[0].task.as_str(), again[0].attempt.get()), ("a", 2));
}

/// The task of a lost execution fails if no attempt is left, and is finished in the task history.
pub async fn a_lost_task_without_an_attempt_left_fails(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let twice = plan([new_task("a").attempted(2)]);
    store.given_work(&writes, &builder, &twice).await;
    let second = builder.by_instance(2);
    let registered = store.register(&writes.next(), &second).await;
    assert_eq!(registered.lost, [lost("a", 1, TaskState::Ready)]);
    store.given_claim(&writes, &second, 1).await;
    let last = writes.next();

    let registered = store.register(&last, &second.by_instance(3)).await;

    assert_eq!(registered.lost, [lost("a", 2, TaskState::Failed)]);
    let progress = store.task(&task("a")).await.progress;
    assert_eq!(progress.state, TaskState::Failed);
    assert_eq!((progress.attempts, progress.counted_attempts), (2, 2));
    assert_eq!(
        (progress.due_at, progress.ended_at()),
        (None, Some(last.at))
    );
    let summary = store.history.summary(&task("a")).await.unwrap().unwrap();
    assert_eq!(
        (summary.status, summary.finished_at),
        (TaskStatus::Failed, Some(last.at))
    );
}

/// When a lost task fails, the tasks for which it had to succeed are skipped, and those that waited
/// for its end are ready.
pub async fn a_lost_task_that_fails_settles_those_that_depend_on_it(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([
        new_task("build").attempted(1),
        new_task("test").after("build"),
        new_task("deploy").after("test"),
        new_task("notify").after_end_of("build"),
        new_task("archive").after_end_of("deploy"),
    ]);
    store.given_work(&writes, &builder, &tasks).await;
    let takeover = writes.next();

    store.register(&takeover, &builder.by_instance(2)).await;

    for (id, state) in [
        ("build", TaskState::Failed),
        ("test", TaskState::Skipped),
        ("deploy", TaskState::Skipped),
        ("notify", TaskState::Ready),
        ("archive", TaskState::Ready),
    ] {
        let progress = store.task(&task(id)).await.progress;
        assert_eq!(progress.state, state, "{id}");
        assert_eq!(progress.changed_at, takeover.at, "{id}");
    }
    assert_sound(store, &user("alice")).await;
}

/// The lost attempts are returned in the order of their tasks.
pub async fn lost_attempts_come_in_the_order_of_their_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(5);
    let tasks = plan([
        new_task("b").with_priority(5),
        new_task("a"),
        new_task("B").with_priority(9).attempted(1),
        new_task("é").with_priority(7),
        new_task("10"),
    ]);
    store.given_work(&writes, &builder, &tasks).await;

    let registered = store
        .register(&writes.next(), &builder.by_instance(2))
        .await;

    let expected = [
        lost("10", 1, TaskState::Ready),
        lost("B", 1, TaskState::Failed),
        lost("a", 1, TaskState::Ready),
        lost("b", 1, TaskState::Ready),
        lost("é", 1, TaskState::Ready),
    ];
    assert_eq!(registered.lost, expected);
}

/// Executions that were closed before are not lost.
pub async fn closed_executions_are_not_lost(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    let reported = store
        .report(&writes.next(), &completed(attempt_at("a", 1)))
        .await;
    assert!(matches!(reported, ReportOutcome::Recorded { .. }));

    let registered = store
        .register(&writes.next(), &builder.by_instance(2))
        .await;

    assert_eq!(registered.lost, [lost("b", 1, TaskState::Ready)]);
    let executions = ExecutionFilter::OfTask(task_id("a"));
    let executions = store.executions(&user("alice"), &executions).await;
    assert_eq!(executions[0].state, ExecutionState::Completed);
}

/// The executions of other agents of the owner are not lost.
pub async fn the_executions_of_other_agents_are_not_lost(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    store.given_claim(&writes, &other, 1).await;

    let registered = store
        .register(&writes.next(), &builder.by_instance(2))
        .await;

    assert_eq!(registered.lost, [lost("a", 1, TaskState::Ready)]);
    let progress = store.task(&task("b")).await.progress;
    assert_eq!(progress.state, TaskState::Assigned);
    assert_eq!(progress.agent, Some(agent_id("other")));
}

/// A new instance of a draining agent loses the executions of the previous one, and gets no tasks.
pub async fn a_draining_agent_can_be_taken_over(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let drain = StateRequest::Drain;
    store.set_state(&writes.next(), &builder.agent, drain).await;
    let restarted = builder.by_instance(2);

    let registered = store.register(&writes.next(), &restarted).await;

    assert_eq!(registered.lost, [lost("a", 1, TaskState::Ready)]);
    let agent = store.agent(&restarted.agent).await;
    assert_eq!(agent.state, AgentState::Draining);
    let claim = store.claim(&writes.next(), &claim_by(&restarted, 1)).await;
    let reason = EmptyClaim::Draining;
    assert_eq!(claim, ClaimOutcome::Empty { reason });
}

/// Registering the same instance again keeps its executions, also with another description.
pub async fn the_same_instance_keeps_its_executions(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;

    for again in [builder.clone(), builder.with_capacity(1)] {
        let registered = store.register(&writes.next(), &again).await;

        assert_eq!(registered.lost, []);
        let presence = store.agent(&again.agent).await.presence;
        assert_eq!(presence.open_executions, 2);
    }
    for id in ["a", "b"] {
        let state = store.task(&task(id)).await.progress.state;
        assert_eq!(state, TaskState::Assigned);
    }
}
