//! Reports for attempts that are closed already.

use serde_json::json;
use tasktrail_domain::orchestration::agent::{Retirement, StateRequest};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{
    Execution, ExecutionFilter, Report, ReportOutcome, Usage,
};
use tasktrail_domain::orchestration::task::{CancelScope, Task};
use tasktrail_domain::orchestration::{ExecutionState, TaskState};

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditRegistration, EditTask, Writes, attempt_at, completed, failed, new_task, payload, plan,
    plan_of, registration, released, task_id, waiting,
};

/// The first report for an attempt wins, whatever a later one reports.
pub async fn the_first_report_wins(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(4);
    let ids = ["a", "b", "c", "d"];
    let tasks = plan(ids.map(|id| new_task(id).attempted(1)));
    orchestration.given_work(&writes, &builder, &tasks).await;
    let states = [
        TaskState::Completed,
        TaskState::Failed,
        TaskState::Ready,
        TaskState::Waiting,
    ];

    for (place, (id, state)) in ids.into_iter().zip(states).enumerate() {
        let mut reports = reports_of(id);
        reports.rotate_left(place);
        orchestration.report(&writes.next(), &reports[0]).await;
        let end = reports[0].result.state();
        for late in &reports {
            assert_superseded(orchestration, &writes, late, end, state).await;
        }
    }
}

/// One report of each result.
fn reports_of(id: &str) -> [Report; 4] {
    let key = attempt_at(id, 1);
    [
        completed(key.clone()),
        failed(key.clone(), None),
        released(key.clone(), at(0)),
        waiting(key),
    ]
}

/// A report for an attempt that was closed by a cancel changes nothing.
pub async fn a_report_after_a_cancel_changes_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    orchestration
        .given_work(&writes, &registration("builder"), &plan_of(["a"]))
        .await;
    orchestration
        .cancel(&writes.next(), &task("a"), CancelScope::Task)
        .await;

    let (end, state) = (ExecutionState::Cancelled, TaskState::Cancelled);
    for late in &reports_of("a") {
        assert_superseded(orchestration, &writes, late, end, state).await;
    }
}

/// A report for an attempt that was reaped, or of an instance that was replaced, changes nothing,
/// also while the next attempt is open or after it has ended.
pub async fn a_report_of_a_lost_attempt_changes_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder").with_capacity(2);
    let tasks = plan([new_task("reaped").limited_to(5), new_task("replaced")]);
    orchestration.given_work(&writes, &builder, &tasks).await;
    orchestration.reap(&writes.at(at(30))).await;
    let again = builder.clone().by_instance(2);
    orchestration.register(&writes.at(at(31)), &again).await;
    let late = ["reaped", "replaced"].map(|id| completed(attempt_at(id, 1)));
    let ends = [ExecutionState::TimedOut, ExecutionState::Lost];

    for (late, end) in late.iter().zip(ends) {
        assert_superseded(orchestration, &writes, late, end, TaskState::Ready).await;
    }
    for id in ["reaped", "replaced"] {
        let context = writes.at(at(32));
        orchestration
            .assign(&context, &task(id), &again.agent.agent)
            .await;
    }
    for (late, end) in late.iter().zip(ends) {
        assert_superseded(orchestration, &writes, late, end, TaskState::Assigned).await;
    }
    for id in ["reaped", "replaced"] {
        let report = completed(attempt_at(id, 2));
        orchestration.report(&writes.at(at(33)), &report).await;
    }
    for (late, end) in late.iter().zip(ends) {
        assert_superseded(orchestration, &writes, late, end, TaskState::Completed).await;
    }
}

/// A report for an attempt that was released because its agent was retired changes nothing.
pub async fn a_report_of_a_retired_agent_changes_nothing(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    orchestration
        .given_work(&writes, &builder, &plan_of(["a"]))
        .await;
    let request = StateRequest::Retire(Retirement::ReleasingTasks);
    orchestration
        .set_state(&writes.next(), &builder.agent, request)
        .await;

    let late = completed(attempt_at("a", 1));
    let (end, state) = (ExecutionState::Released, TaskState::Ready);
    assert_superseded(orchestration, &writes, &late, end, state).await;
}

/// Sends a late report with an output and usage. Panics unless it is superseded, changes neither
/// task nor execution nor slots, and its only entry in the audit log has what it reported.
async fn assert_superseded(
    orchestration: &Orchestration,
    writes: &Writes,
    late: &Report,
    state: ExecutionState,
    task: TaskState,
) {
    let late = late.clone().with_usage(Usage {
        memory: Some(1.try_into().unwrap()),
        cpu_time: Some(2.try_into().unwrap()),
    });
    let with_output = late
        .clone()
        .with_output(payload(&json!({ "work": ["done"] })));
    let before = content(orchestration, &late).await;

    for report in [late, with_output] {
        let context = writes.next();
        let outcome = orchestration.report(&context, &report).await;

        assert_eq!(outcome, ReportOutcome::Superseded { state, task });
        assert_eq!(content(orchestration, &report).await, before);
        let change = Change::report_superseded(&report);
        assert_eq!(orchestration.changes_of(&context).await, [change]);
    }
}

/// The task of a report, its executions, and the number of open executions of the agent.
async fn content(orchestration: &Orchestration, report: &Report) -> (Task, Vec<Execution>, u32) {
    let key = &report.attempt.task;
    let of_task = ExecutionFilter::OfTask(task_id(key.task.as_str()));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    let builder = orchestration.agent(&registration("builder").agent).await;
    (
        orchestration.task(key).await,
        executions,
        builder.presence.open_executions,
    )
}
