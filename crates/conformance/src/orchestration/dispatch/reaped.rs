//! What becomes of the executions that are reaped, and of their tasks.

use std::sync::Arc;

use tasktrail_domain::orchestration::audit::{Action, Change};
use tasktrail_domain::orchestration::dispatch::{
    AfterAttempt, ReapLimit, ReapedAttempt, operation,
};
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState, TaskState};
use tasktrail_domain::task_history::{ErrorCode, TaskStatus};

use crate::fixture::{at, task, task_of, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent_id, agent_of, assert_write_conflict, attempt,
    attempt_at, claim_by, new_task, plan, plan_of, registration, registration_of, task_id,
    task_ids,
};
use crate::{History, Orchestration};

/// A task whose last attempt is reaped ends: `failed` if it was lost, `timed_out` if its deadline
/// passed. Tasks that needed its success are skipped and returned; all are finished in the history.
pub async fn a_task_without_attempts_left_ends(orchestration: &Orchestration) {
    let writes = Writes::default();
    let [online, offline] =
        [("online", 86_400), ("offline", 60)].map(|(id, lease)| registration(id).with_lease(lease));
    let once = |id| new_task(id).attempted(1);
    let tasks = plan([
        once("lost"),
        once("slow").limited_to(5),
        new_task("z").after("slow"),
        new_task("y").after("z"),
        new_task("after").after_end_of("slow"),
    ]);
    orchestration.given_agent(&writes, &online).await;
    orchestration.given_agent(&writes, &offline).await;
    orchestration.given_tasks(&writes, &tasks).await;
    for (id, agent) in [("slow", &online), ("lost", &offline)] {
        let context = writes.next();
        orchestration
            .assign(&context, &task(id), &agent.agent.agent)
            .await;
    }

    let context = writes.at(at(100));
    let reaped = orchestration.reap(&context).await;

    let lost = ReapedAttempt::new(
        attempt_at("lost", 1),
        agent_id("offline"),
        ExecutionState::Lost,
        TaskState::Failed,
        Vec::new(),
    );
    let slow = ReapedAttempt::new(
        attempt_at("slow", 1),
        agent_id("online"),
        ExecutionState::TimedOut,
        TaskState::TimedOut,
        task_ids(["y", "z"]),
    );
    assert_eq!(reaped, [lost, slow]);
    let after = orchestration.task(&task("after")).await.progress;
    assert_eq!(
        (after.state, after.due_at),
        (TaskState::Ready, Some(at(100)))
    );
    let history = History::of(Arc::clone(&orchestration.history));
    for (id, status) in [
        ("lost", TaskStatus::Failed),
        ("slow", TaskStatus::TimedOut),
        ("y", TaskStatus::Cancelled),
        ("z", TaskStatus::Cancelled),
    ] {
        let summary = history.summary(&task(id)).await;
        assert_eq!(
            (summary.status, summary.finished_at),
            (status, Some(at(100)))
        );
    }
}

/// Executions of all owners are reaped, and returned in the order of their owners and tasks. The
/// log of each owner has its own, from 0 on.
pub async fn executions_of_all_owners_are_reaped(orchestration: &Orchestration) {
    let writes = Writes::default();
    for owner in ["bob", "alice"] {
        let builder = registration_of(&agent_of(owner, "builder")).with_capacity(2);
        let tasks = plan(["b", "a"].map(|id| new_task(id).attempted(1)));
        orchestration.given_work(&writes, &builder, &tasks).await;
    }
    let waiting = plan([new_task("c").after("a").after_end_of("b")]);
    orchestration.given_tasks(&writes, &waiting).await;

    let context = writes.at(at(1000));
    let reaped = orchestration.reap(&context).await;

    let keys: Vec<_> = reaped.iter().map(|reaped| reaped.attempt.clone()).collect();
    let expected = [("alice", "a"), ("alice", "b"), ("bob", "a"), ("bob", "b")];
    let key_of = |(user, id)| AttemptKey::new(task_of(user, id), attempt(1));
    assert_eq!(keys, expected.map(key_of));
    let lost = |id| {
        let after = AfterAttempt {
            state: TaskState::Failed,
            counted_attempts: 1,
            due_at: None,
            error_code: Some(ErrorCode::EXECUTION),
        };
        let (from, end) = (TaskState::Assigned, ExecutionState::Lost);
        Change::attempt_ended(&task_id(id), attempt(1), from, end, &after)
    };
    let (blocked, skipped) = (TaskState::Blocked, TaskState::Skipped);
    let consequence = Change::state(Action::TASK_SKIPPED, &task_id("c"), blocked, skipped);
    let of_alice = [lost("a"), consequence, lost("b")];
    let log_of = async |owner| orchestration.changes_of_owner(&user(owner), &context).await;
    assert_eq!(log_of("alice").await, of_alice);
    assert_eq!(log_of("bob").await, [lost("a"), lost("b")]);
}

/// A reap closes no more executions than its limit. Repeated until it returns fewer, it closes each
/// one once.
pub async fn a_reap_respects_its_limit(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(1000);
    let ids: Vec<_> = (100..350).map(|n| n.to_string()).collect();
    let tasks = plan_of(ids.iter().map(String::as_str));
    orchestration.given_work(&writes, &builder, &tasks).await;
    let now = at(1000);

    let limit = ReapLimit::new(7).unwrap();
    let mut reaped = orchestration.reap_up_to(&writes.at(now), limit).await;
    assert_eq!(reaped.len(), 7);
    for expected in [100, 100, 43, 0] {
        let batch = orchestration.reap(&writes.at(now)).await;
        assert!(batch.is_sorted_by(|a, b| a.attempt < b.attempt));
        assert_eq!(batch.len(), expected);
        reaped.extend(batch);
    }

    let mut keys: Vec<_> = reaped.into_iter().map(|reaped| reaped.attempt).collect();
    keys.sort();
    let expected = ids.iter().map(|id| attempt_at(id, 1));
    assert!(keys.into_iter().eq(expected));
    let presence = orchestration.agent(&builder.agent).await.presence;
    assert_eq!(presence.open_executions, 0);
}

/// Each reap needs a new id of its write: with a used one, nothing is reaped.
pub async fn a_reap_needs_a_new_id(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan_of(["a"]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    let context = writes.at(at(1000));
    orchestration.reap(&context).await;
    orchestration.register(&writes.at(at(1000)), &builder).await;
    let claim = claim_by(&builder, 1);
    orchestration.claim(&writes.at(at(1001)), &claim).await;
    let mut used = context.clone();
    used.at = at(2000);

    let answer = orchestration.dispatch.reap(&used, ReapLimit::DEFAULT).await;

    assert_write_conflict(answer, operation::REAP, &used);
    let state = orchestration.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Assigned);
    assert_eq!(orchestration.changes_of(&context).await.len(), 1);
}
