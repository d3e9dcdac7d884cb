//! Starts of attempts.

use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{
    Execution, ExecutionFilter, ReportOutcome, StartOutcome,
};
use tasktrail_domain::orchestration::task::CancelScope;
use tasktrail_domain::orchestration::{AttemptKey, ExecutionState, TaskState};

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditTask, Writes, agent, attempt, attempt_at, completed, new_task, plan, plan_of, registration,
    released, task_id,
};

/// A start makes the task running, and its time limit starts again.
pub async fn a_started_attempt_is_running(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([new_task("a").limited_to(30)]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    let before = orchestration.task(&task("a")).await.progress;
    let assigned = execution(orchestration, "a").await;

    let context = writes.at(at(20));
    let outcome = orchestration.start(&context, &attempt_at("a", 1)).await;

    let deadline = Some(at(50));
    assert_eq!(outcome, StartOutcome::Started { deadline });
    let mut expected = before;
    expected.state = TaskState::Running;
    expected.changed_at = at(20);
    assert_eq!(orchestration.task(&task("a")).await.progress, expected);
    let mut expected = assigned;
    expected.state = ExecutionState::Running;
    expected.started_at = Some(at(20));
    expected.deadline = deadline;
    assert_eq!(execution(orchestration, "a").await, expected);
    let presence = orchestration.agent(&agent("builder")).await.presence;
    assert_eq!(presence.open_executions, 1);
    let change = Change::started(&task_id("a"), attempt(1));
    assert_eq!(orchestration.changes_of(&context).await, [change]);
}

/// An attempt at a task without a time limit has no deadline after its start.
pub async fn an_attempt_without_a_time_limit_has_no_deadline(orchestration: &Orchestration) {
    let writes = Writes::default();
    orchestration
        .given_work(&writes, &registration("builder"), &plan_of(["a"]))
        .await;

    let outcome = orchestration
        .start(&writes.next(), &attempt_at("a", 1))
        .await;

    assert_eq!(outcome, StartOutcome::Started { deadline: None });
}

/// An attempt can be closed without having been started.
pub async fn a_start_is_optional(orchestration: &Orchestration) {
    let writes = Writes::default();
    orchestration
        .given_work(&writes, &registration("builder"), &plan_of(["a"]))
        .await;

    let report = completed(attempt_at("a", 1));
    let outcome = orchestration.report(&writes.next(), &report).await;

    let (state, ready, skipped) = (TaskState::Completed, vec![], vec![]);
    let recorded = ReportOutcome::Recorded {
        state,
        ready,
        skipped,
    };
    assert_eq!(outcome, recorded);
    assert_eq!(execution(orchestration, "a").await.started_at, None);
}

/// Starting a running attempt changes nothing, also not its deadline, and has no entry in the audit
/// log.
pub async fn starting_a_running_attempt_changes_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").limited_to(30)]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    let key = attempt_at("a", 1);
    let first = orchestration.start(&writes.at(at(20)), &key).await;
    let running = execution(orchestration, "a").await;
    let progress = orchestration.task(&task("a")).await.progress;

    let context = writes.at(at(25));
    let second = orchestration.start(&context, &key).await;

    assert_eq!(second, first);
    assert_eq!(execution(orchestration, "a").await, running);
    assert_eq!(orchestration.task(&task("a")).await.progress, progress);
    assert_eq!(orchestration.changes_of(&context).await, []);
}

/// A closed attempt is not started, also if the task has a later attempt; the state of the
/// execution is returned.
pub async fn a_closed_attempt_is_not_started(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let first = attempt_at("a", 1);
    let context = writes.next();
    orchestration
        .report(&context, &released(first.clone(), context.at))
        .await;

    let released = start(orchestration, &writes, &first).await;
    orchestration.given_claim(&writes, &builder, 1).await;
    let with_a_later_attempt = start(orchestration, &writes, &first).await;
    orchestration
        .cancel(&writes.next(), &task("a"), CancelScope::Task)
        .await;
    let cancelled = start(orchestration, &writes, &attempt_at("a", 2)).await;

    let closed = |state| (StartOutcome::Closed { state }, vec![]);
    assert_eq!(released, closed(ExecutionState::Released));
    assert_eq!(with_a_later_attempt, closed(ExecutionState::Released));
    assert_eq!(cancelled, closed(ExecutionState::Cancelled));
}

/// An attempt that does not exist is unknown.
pub async fn an_unknown_attempt_is_not_started(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;

    for key in [attempt_at("a", 2), attempt_at("b", 1)] {
        let outcome = start(orchestration, &writes, &key).await;
        assert_eq!(outcome, (StartOutcome::Unknown, vec![]));
    }
}

/// Starts an attempt, and returns the outcome with the changes in the audit log.
async fn start(
    orchestration: &Orchestration,
    writes: &Writes,
    attempt: &AttemptKey,
) -> (StartOutcome, Vec<Change>) {
    let context = writes.next();
    let outcome = orchestration.start(&context, attempt).await;
    (outcome, orchestration.changes_of(&context).await)
}

/// The latest execution of a task.
async fn execution(orchestration: &Orchestration, id: &str) -> Execution {
    let of_task = ExecutionFilter::OfTask(task_id(id));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    executions.into_iter().next().unwrap()
}
