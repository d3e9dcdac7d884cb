//! Transactions on orchestration: what they lock, and which calls wait for them.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use tasktrail_conformance::fixture::{Writer, at, page, task, task_of, user};
use tasktrail_conformance::orchestration::Orchestration;
use tasktrail_conformance::orchestration::fixture::{
    Writes, agent, agent_of, attempt_at, completed, plan_of, registration, registration_of,
};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::audit::AuditFilter;
use tasktrail_domain::orchestration::task::{CancelScope, RemovedTasks, TaskRetention};
use tasktrail_domain::repository::{Effect, ErrorKind};
use tasktrail_domain::task_history::{Scope, TaskHistoryRepository, TaskStatus};
use tasktrail_in_memory::{InMemoryOrchestration, InMemoryStore, InMemoryTaskHistory};

fn ports(of: InMemoryOrchestration, history: InMemoryTaskHistory) -> Orchestration {
    Orchestration {
        agents: Arc::new(of.clone()),
        tasks: Arc::new(of.clone()),
        dispatch: Arc::new(of.clone()),
        audit_log: Arc::new(of),
        history: Arc::new(history),
    }
}

/// A store in which an agent of alice works on the task `a`, and a task `b` is ready.
async fn working() -> (InMemoryStore, Orchestration, Writes) {
    let store = InMemoryStore::new();
    let outside = ports(store.orchestration(), store.task_history());
    let writes = Writes::default();
    let plan = plan_of(["a", "b"]);
    outside
        .given_work(&writes, &registration("builder"), &plan)
        .await;
    (store, outside, writes)
}

async fn is_pending<F: Future>(call: &mut Pin<&mut F>) -> bool {
    poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn commit_publishes_everything_at_once() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());

    let report = completed(attempt_at("a", 1));
    inside.report(&writes.next(), &report).await;
    inside.given_tasks(&writes, &plan_of(["c"])).await;
    let before = (
        inside.task(&task("a")).await.progress.state,
        outside.task(&task("a")).await.progress.state,
        outside.find_task(&task("c")).await,
        outside.history.status(&task("a")).await.unwrap(),
    );
    transaction.commit().unwrap();

    let expected = (TaskState::Completed, TaskState::Assigned, None, None);
    assert_eq!(before, expected);
    let progress = outside.task(&task("a")).await.progress;
    assert_eq!(progress.state, TaskState::Completed);
    assert!(outside.find_task(&task("c")).await.is_some());
    let status = outside.history.status(&task("a")).await.unwrap();
    assert_eq!(status, Some(TaskStatus::Completed));
}

#[tokio::test]
async fn rollback_leaves_no_trace() {
    let (store, outside, writes) = working().await;
    let entries = outside
        .entries(&user("alice"), &AuditFilter::default())
        .await;
    let write = writes.next();

    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());
    inside.cancel(&write, &task("a"), CancelScope::Task).await;
    transaction.rollback();

    let state = outside.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Assigned);
    assert_eq!(
        outside
            .agent(&agent("builder"))
            .await
            .presence
            .open_executions,
        1
    );
    assert_eq!(outside.history.status(&task("a")).await.unwrap(), None);
    let after = outside
        .entries(&user("alice"), &AuditFilter::default())
        .await;
    assert_eq!(after, entries);
    // The write is unknown, so its id can be used for another one.
    outside.cancel(&write, &task("b"), CancelScope::Task).await;
}

#[tokio::test]
async fn write_of_a_locked_owner_waits_for_the_end() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());
    let cancelled = writes.next();
    inside
        .cancel(&cancelled, &task("b"), CancelScope::Task)
        .await;

    let (write, report) = (writes.next(), completed(attempt_at("a", 1)));
    let mut waits = pin!(outside.report(&write, &report));
    let waited = is_pending(&mut waits).await;
    transaction.commit().unwrap();
    waits.await;

    assert!(waited);
    let states = ["a", "b"].map(task);
    for (task, state) in states
        .iter()
        .zip([TaskState::Completed, TaskState::Cancelled])
    {
        assert_eq!(outside.task(task).await.progress.state, state, "{task}");
    }
}

#[tokio::test]
async fn write_of_another_owner_does_not_wait() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());
    inside
        .cancel(&writes.next(), &task("b"), CancelScope::Task)
        .await;

    let other = registration_of(&agent_of("bob", "builder"));
    let (write, mut registers) = (writes.next(), None);
    let mut call = pin!(outside.register(&write, &other));
    poll_fn(|context| {
        if let Poll::Ready(registered) = call.as_mut().poll(context) {
            registers = Some(registered);
        }
        Poll::Ready(())
    })
    .await;

    assert!(registers.is_some_and(|registered| registered.new));
}

#[tokio::test(start_paused = true)]
async fn write_of_a_locked_owner_fails_in_the_end() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());
    inside
        .cancel(&writes.next(), &task("b"), CancelScope::Task)
        .await;

    let other = registration("other");
    let refused = outside.agents.register(&writes.next(), &other).await;

    let refused = refused.unwrap_err();
    let expected = (ErrorKind::Contention, Effect::NotApplied);
    assert_eq!((refused.kind(), refused.effect()), expected);
    transaction.commit().unwrap();
    assert_eq!(outside.find_agent(&other.agent).await, None);
}

/// A task that ends is finished in the task history, so its end waits for a save there.
#[tokio::test]
async fn end_of_a_task_waits_for_its_history() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let entry = Writer::default().step(&task("a"), 1, TaskStatus::Running);
    transaction.task_history().save(&entry).await.unwrap();

    let (write, report) = (writes.next(), completed(attempt_at("a", 1)));
    let mut waits = pin!(outside.report(&write, &report));
    let waited = is_pending(&mut waits).await;
    let meanwhile = outside.task(&task("a")).await.progress.state;
    transaction.commit().unwrap();
    waits.await;

    assert!(waited);
    assert_eq!(meanwhile, TaskState::Assigned);
    let summary = outside.history.summary(&task("a")).await.unwrap().unwrap();
    assert_eq!(
        (summary.status, summary.entries),
        (TaskStatus::Completed, 1)
    );
}

#[tokio::test]
async fn dropped_call_that_waits_leaves_no_trace() {
    let (store, outside, writes) = working().await;
    let transaction = store.begin();
    let entry = Writer::default().step(&task("a"), 1, TaskStatus::Running);
    transaction.task_history().save(&entry).await.unwrap();
    let write = writes.next();
    {
        let report = completed(attempt_at("a", 1));
        let mut dropped = pin!(outside.report(&write, &report));
        assert!(is_pending(&mut dropped).await);
    }
    transaction.rollback();

    let state = outside.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Assigned);
    outside.report(&write, &completed(attempt_at("a", 1))).await;
    let state = outside.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Completed);
}

#[tokio::test]
async fn reap_and_cleanup_skip_locked_owners() {
    let (store, outside, writes) = working().await;
    let other = registration_of(&agent_of("bob", "builder"));
    outside
        .given_work(&writes, &other, &plan_of(["a", "b"]))
        .await;
    for user in ["alice", "bob"] {
        let ended = task_of(user, "b");
        outside
            .cancel(&writes.next(), &ended, CancelScope::Task)
            .await;
    }
    let transaction = store.begin();
    let inside = ports(transaction.orchestration(), transaction.task_history());
    inside.given_agent(&writes, &registration("another")).await;

    let reaped = outside.reap(&writes.at(at(10_000))).await;
    let retention = TaskRetention::ended_before(Scope::Everyone, at(10_000));
    let removed = outside.remove_expired(&retention, &page(100)).await;
    transaction.rollback();

    let reaped: Vec<_> = reaped
        .into_iter()
        .map(|reaped| reaped.attempt.task)
        .collect();
    assert_eq!(reaped, [task_of("bob", "a")]);
    assert_eq!(removed, RemovedTasks::new(1, None));
    assert!(outside.find_task(&task("b")).await.is_some());
}
