//! The number of open executions.

use tasktrail_domain::orchestration::agent::Registration;
use tasktrail_domain::orchestration::dispatch::ExecutionFilter;
use tasktrail_domain::orchestration::task::CancelScope;

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, RELEASE, RETIRE, Writes, attempt_at, claim_by, completed, failed,
    new_task, plan, plan_of, registration, released, waiting,
};
use crate::orchestration::soundness::assert_sound;

/// The number of open executions equals that of the executions that are assigned or running, after
/// each call that opens or closes one.
pub async fn the_number_of_open_executions_follows_each_call(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(10);
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tasks = ids.map(new_task).map(|task| task.limited_to(300));
    store.given_agent(&writes, &builder).await;
    store.given_tasks(&writes, &plan(tasks)).await;
    assert_open(store, &builder, 0).await;

    store.given_claim(&writes, &builder, 6).await;
    assert_open(store, &builder, 6).await;
    let to = &builder.agent.agent;
    for id in ["g", "h"] {
        store.assign(&writes.next(), &task(id), to).await;
    }
    assert_open(store, &builder, 8).await;
    store.start(&writes.next(), &attempt_at("a", 1)).await;
    assert_open(store, &builder, 8).await;
    let mut open = 8;
    for report in [
        completed(attempt_at("a", 1)),
        failed(attempt_at("b", 1), at(60)),
        released(attempt_at("c", 1), at(60)),
        waiting(attempt_at("d", 1)),
    ] {
        store.report(&writes.next(), &report).await;
        open -= 1;
        assert_open(store, &builder, open).await;
    }
    let scope = CancelScope::Task;
    store.cancel(&writes.next(), &task("e"), scope).await;
    assert_open(store, &builder, 3).await;
    let restarted = builder.by_instance(2);
    store.register(&writes.next(), &restarted).await;
    assert_open(store, &restarted, 0).await;
    store.given_claim(&writes, &restarted, 3).await;
    assert_open(store, &restarted, 3).await;
    let reaped = store.reap(&writes.at(at(10_000))).await;
    assert_eq!(reaped.len(), 3, "{reaped:?}");
    assert_open(store, &restarted, 0).await;
    store.register(&writes.at(at(10_000)), &restarted).await;
    let claim = claim_by(&restarted, 2);
    store.claim(&writes.at(at(10_000)), &claim).await;
    assert_open(store, &restarted, 2).await;
    let write = writes.at(at(10_001));
    store.set_state(&write, &restarted.agent, RELEASE).await;
    assert_open(store, &restarted, 0).await;
    assert_sound(store, &user("alice")).await;
}

/// Calls that change nothing keep the number of open executions.
pub async fn a_refused_call_keeps_the_number_of_open_executions(store: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    store
        .given_work(&writes, &builder, &plan_of(["a", "b"]))
        .await;
    let attempt = attempt_at("a", 1);

    store.claim(&writes.next(), &claim_by(&builder, 1)).await;
    let to = &builder.agent.agent;
    store.assign(&writes.next(), &task("b"), to).await;
    store.assign(&writes.next(), &task("a"), to).await;
    store
        .set_state(&writes.next(), &builder.agent, RETIRE)
        .await;
    let unknown = completed(attempt_at("a", 2));
    store.report(&writes.next(), &unknown).await;
    assert_open(store, &builder, 1).await;

    store
        .report(&writes.next(), &completed(attempt.clone()))
        .await;
    store
        .report(&writes.next(), &completed(attempt.clone()))
        .await;
    store.start(&writes.next(), &attempt).await;
    let scope = CancelScope::Task;
    store.cancel(&writes.next(), &task("a"), scope).await;
    assert_open(store, &builder, 0).await;
}

async fn assert_open(store: &Orchestration, builder: &Registration, expected: u32) {
    let agent = store.agent(&builder.agent).await;
    let open = ExecutionFilter::OpenOfAgent(builder.agent.agent.clone());
    let open = store.executions(&builder.agent.user, &open).await;
    assert_eq!(agent.presence.open_executions, expected);
    assert_eq!(open.len(), usize::try_from(expected).unwrap(), "{open:?}");
    assert!(open.iter().all(|execution| execution.state.is_open()));
}
