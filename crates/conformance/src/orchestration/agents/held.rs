//! Heartbeats that name the attempts that the agent executes.

use tasktrail_domain::orchestration::agent::{
    Heartbeat, HeartbeatOutcome, HeldAttempt, Registration,
};
use tasktrail_domain::orchestration::task::CancelScope;

use crate::Orchestration;
use crate::fixture::{at, task};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, completed, held, new_task, plan, plan_of,
    registration, released, waiting,
};

/// A heartbeat that does not name the attempts of the agent has nothing to stop and nothing missing.
pub async fn a_heartbeat_that_names_no_attempts_compares_nothing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;

    let heartbeat = Heartbeat::new(builder.agent.clone(), builder.instance, at(10));

    let outcome = store.heartbeat(&heartbeat).await;
    assert_eq!(compared(outcome), (vec![], vec![]));
}

/// The open executions of the agent, assigned or running, that the heartbeat did not name are
/// missing.
pub async fn open_executions_that_were_not_named_are_missing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(3);
    store
        .given_work(&writes, &builder, &plan_of(["a", "b", "c"]))
        .await;
    store.start(&writes.next(), &attempt_at("b", 1)).await;
    let [a, b, c] = ["a", "b", "c"].map(|id| held(id, 1));

    for (named, missing) in [
        (vec![], vec![a.clone(), b.clone(), c.clone()]),
        (vec![b.clone()], vec![a.clone(), c.clone()]),
        (vec![c.clone(), a.clone()], vec![b.clone()]),
        (vec![a, b, c], vec![]),
    ] {
        let found = compare(store, &builder, named).await;
        assert_eq!(found, (vec![], missing));
    }
}

/// Attempts that were closed must be stopped, however they were: also those of a task that the
/// caller cancelled.
pub async fn attempts_that_are_not_open_must_stop(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(5);
    let ids = ["cancelled", "completed", "open", "released", "waiting"];
    store.given_work(&writes, &builder, &plan_of(ids)).await;
    let scope = CancelScope::Task;
    store
        .cancel(&writes.next(), &task("cancelled"), scope)
        .await;
    for report in [
        completed(attempt_at("completed", 1)),
        released(attempt_at("released", 1), at(0)),
        waiting(attempt_at("waiting", 1)),
    ] {
        store.report(&writes.next(), &report).await;
    }

    let (stop, missing) = compare(store, &builder, ids.map(|id| held(id, 1)).to_vec()).await;

    let closed = ["cancelled", "completed", "released", "waiting"];
    assert_eq!(stop, closed.map(|id| held(id, 1)));
    assert_eq!(missing, []);
}

/// Attempts of another agent, attempts that were never made, and unknown tasks must be stopped.
pub async fn attempts_of_others_must_stop(store: &Orchestration) {
    let writes = Writes::default();
    let (builder, other) = (registration("builder"), registration("other"));
    store.given_agent(&writes, &other).await;
    store
        .given_work(&writes, &builder, &plan_of(["a", "b", "c"]))
        .await;
    store.given_claim(&writes, &other, 1).await;
    let not_its_own = [held("a", 2), held("b", 1), held("c", 1), held("unknown", 1)];
    let named = [vec![held("a", 1)], not_its_own.to_vec()].concat();

    let (stop, missing) = compare(store, &builder, named).await;

    assert_eq!(stop, not_its_own);
    assert_eq!(missing, []);
}

/// After an agent lost a task and got it again, the earlier attempt must be stopped, and the current
/// one is missing.
pub async fn a_superseded_attempt_must_stop_and_the_current_one_is_missing(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let restarted = builder.by_instance(2);
    store.register(&writes.next(), &restarted).await;
    store.given_claim(&writes, &restarted, 1).await;

    let (stop, missing) = compare(store, &restarted, vec![held("a", 1)]).await;

    assert_eq!((stop, missing), (vec![held("a", 1)], vec![held("a", 2)]));
}

/// Executions of an agent whose lease ended are still its own until they are reaped.
pub async fn executions_that_were_not_reaped_are_still_its_own(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store.given_work(&writes, &builder, &plan_of(["a"])).await;
    let heartbeat = Heartbeat::new(builder.agent.clone(), builder.instance, at(1000));

    let outcome = store
        .heartbeat(&heartbeat.with_held(vec![held("a", 1)]))
        .await;

    assert_eq!(compared(outcome), (vec![], vec![]));
    let reaped = store.reap(&writes.at(at(1001))).await;
    assert_eq!(reaped, []);
}

/// The attempts to stop and those that are missing come in the order of their tasks.
pub async fn attempts_come_in_the_order_of_their_tasks(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let tasks = ["b", "a", "B", "é"].map(new_task);
    let tasks = (0..).zip(tasks).map(|(n, task)| task.with_priority(n));
    store.given_work(&writes, &builder, &plan(tasks)).await;
    let named = ["z", "Z", "10", "ж"].map(|id| held(id, 1)).to_vec();

    let (stop, missing) = compare(store, &builder, named).await;

    assert_eq!(stop, ["10", "Z", "z", "ж"].map(|id| held(id, 1)));
    assert_eq!(missing, ["B", "a", "b", "é"].map(|id| held(id, 1)));
}

/// Sends a heartbeat, and returns the attempts to stop and those that are missing.
async fn compare(
    store: &Orchestration,
    agent: &Registration,
    named: Vec<HeldAttempt>,
) -> (Vec<HeldAttempt>, Vec<HeldAttempt>) {
    let heartbeat = Heartbeat::new(agent.agent.clone(), agent.instance, at(10));
    compared(store.heartbeat(&heartbeat.with_held(named)).await)
}

fn compared(outcome: HeartbeatOutcome) -> (Vec<HeldAttempt>, Vec<HeldAttempt>) {
    match outcome {
        HeartbeatOutcome::Accepted { stop, missing, .. } => (stop, missing),
        refused => panic!("{refused:?}"),
    }
}
