//! Executions that are reaped.

use tasktrail_domain::orchestration::agent::{Heartbeat, Registration, StateRequest};
use tasktrail_domain::orchestration::dispatch::{ExecutionFilter, ReapedAttempt, ReportOutcome};
use tasktrail_domain::orchestration::{AgentState, AttemptKey, ExecutionState, TaskState};
use tasktrail_domain::task_history::ErrorCode;

use crate::Orchestration;
use crate::fixture::{INSTANT, at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, agent, agent_id, attempt_at, completed, new_task, plan,
    plan_of, registration, task_id,
};

/// Without an execution to reap, nothing is reaped, and the audit log has no entry.
pub async fn without_offline_agents_nothing_is_reaped(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").limited_to(30), new_task("b")]);
    let builder = registration("builder").with_capacity(2);
    orchestration.given_work(&writes, &builder, &tasks).await;

    let context = writes.next();
    assert_eq!(orchestration.reap(&context).await, []);
    assert_eq!(orchestration.changes_of(&context).await, []);
}

/// The execution of an agent is lost as soon as its lease ended before the time of the write. Its
/// task is ready again, due at that time, and the slot is free.
pub async fn the_execution_of_an_offline_agent_is_lost(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_lease(20);
    orchestration.register(&writes.at(at(0)), &builder).await;
    orchestration.given_tasks(&writes, &plan_of(["a"])).await;
    orchestration.given_claim(&writes, &builder, 1).await;
    let before = orchestration.task(&task("a")).await.progress;

    let at_its_end = orchestration.reap(&writes.at(at(20))).await;
    let context = writes.at(at(20).saturating_add(INSTANT));
    let reaped = orchestration.reap(&context).await;

    assert_eq!(at_its_end, []);
    let lost = reaped_attempt(attempt_at("a", 1), ExecutionState::Lost, TaskState::Ready);
    assert_eq!(reaped, [lost]);
    let mut expected = before;
    expected.state = TaskState::Ready;
    expected.agent = None;
    expected.counted_attempts = 1;
    expected.due_at = Some(context.at);
    expected.changed_at = context.at;
    expected.error_code = Some(ErrorCode::EXECUTION);
    assert_eq!(orchestration.task(&task("a")).await.progress, expected);
    assert_closed(orchestration, &builder, "a", ExecutionState::Lost).await;
}

/// A running attempt times out as soon as its deadline is before the time of the write.
pub async fn an_attempt_past_its_deadline_times_out(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_lease(86_400);
    let tasks = plan([new_task("a").limited_to(30)]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    orchestration
        .start(&writes.at(at(10)), &attempt_at("a", 1))
        .await;

    let at_its_deadline = orchestration.reap(&writes.at(at(40))).await;
    let context = writes.at(at(40).saturating_add(INSTANT));
    let reaped = orchestration.reap(&context).await;

    assert_eq!(at_its_deadline, []);
    let (end, state) = (ExecutionState::TimedOut, TaskState::Ready);
    assert_eq!(reaped, [reaped_attempt(attempt_at("a", 1), end, state)]);
    let progress = orchestration.task(&task("a")).await.progress;
    assert_eq!(progress.error_code, Some(ErrorCode::TIMEOUT));
    assert_eq!((progress.attempts, progress.counted_attempts), (1, 1));
    assert_eq!(progress.due_at, Some(context.at));
    assert_closed(orchestration, &builder, "a", end).await;
}

/// Panics unless the only execution of a task was closed in a state, and its agent has no open one.
async fn assert_closed(
    orchestration: &Orchestration,
    agent: &Registration,
    id: &str,
    end: ExecutionState,
) {
    let of_task = ExecutionFilter::OfTask(task_id(id));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    let [execution] = executions.try_into().unwrap();
    let closed_at = orchestration.task(&task(id)).await.progress.changed_at;
    assert_eq!(
        (execution.state, execution.closed_at),
        (end, Some(closed_at))
    );
    assert_eq!((execution.output, execution.error), (None, None));
    let presence = orchestration.agent(&agent.agent).await.presence;
    assert_eq!(presence.open_executions, 0);
}

/// An attempt whose deadline passed and whose agent is offline is lost.
pub async fn an_attempt_past_both_limits_is_lost(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").limited_to(5)]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;

    let reaped = orchestration.reap(&writes.at(at(1000))).await;

    let (end, state) = (ExecutionState::Lost, TaskState::Ready);
    assert_eq!(reaped, [reaped_attempt(attempt_at("a", 1), end, state)]);
}

/// A heartbeat, or an attempt that was started later, keeps an execution.
pub async fn heartbeats_and_starts_keep_executions(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([new_task("a").limited_to(55)]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    let beat = Heartbeat::new(builder.agent.clone(), builder.instance, at(50));
    orchestration.heartbeat(&beat).await;
    orchestration
        .start(&writes.at(at(50)), &attempt_at("a", 1))
        .await;

    assert_eq!(orchestration.reap(&writes.at(at(105))).await, []);
}

/// The attempts of a draining agent that is offline are lost, and it stays draining.
pub async fn the_execution_of_a_draining_agent_is_lost(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    orchestration
        .set_state(&writes.next(), &builder.agent, StateRequest::Drain)
        .await;

    let reaped = orchestration.reap(&writes.at(at(1000))).await;

    assert_eq!(reaped.len(), 1);
    let state = orchestration.agent(&agent("builder")).await.state;
    assert_eq!(state, AgentState::Draining);
}

/// Executions that are closed, and agents without open ones, are not reaped.
pub async fn closed_executions_are_not_reaped(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").limited_to(5)]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    let report = completed(attempt_at("a", 1));
    let outcome = orchestration.report(&writes.at(at(500)), &report).await;

    // The report was late, but nothing had been reaped before it.
    assert!(
        matches!(outcome, ReportOutcome::Recorded { .. }),
        "{outcome:?}"
    );
    assert_eq!(orchestration.reap(&writes.at(at(1000))).await, []);
}

/// The result for an attempt of the agent `builder` that skipped nothing.
fn reaped_attempt(attempt: AttemptKey, end: ExecutionState, state: TaskState) -> ReapedAttempt {
    ReapedAttempt::new(attempt, agent_id("builder"), end, state, Vec::new())
}
