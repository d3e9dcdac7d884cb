//! What a report makes of an attempt and its task.

use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{
    AfterAttempt, AttemptResult, Execution, ExecutionFilter, Report, ReportOutcome, Usage,
};
use tasktrail_domain::orchestration::task::TaskProgress;
use tasktrail_domain::orchestration::{ExecutionState, TaskState};
use tasktrail_domain::task_history::ErrorCode;

use crate::Orchestration;
use crate::fixture::{at, task, user};
use crate::orchestration::fixture::{
    EditTask, Writes, agent, agent_id, attempt, attempt_at, completed, failed, new_task, payload,
    plan, registration, released, task_id, waiting,
};

/// A completed attempt completes its task.
pub async fn a_completed_attempt_completes_its_task(orchestration: &Orchestration) {
    let report = completed(attempt_at("a", 1));
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Completed;
    })
    .await;
}

/// A failed attempt that is to be retried makes its task ready at the given time, and is counted.
pub async fn a_failed_attempt_is_retried_at_the_given_time(orchestration: &Orchestration) {
    let report = failed(attempt_at("a", 1), at(500));
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Ready;
        task.counted_attempts = 1;
        task.due_at = Some(at(500));
        task.error_code = Some(ErrorCode::VALIDATION);
    })
    .await;
}

/// The time of a retry may be before the report.
pub async fn a_retry_may_be_due_before_the_report(orchestration: &Orchestration) {
    let report = failed(attempt_at("a", 1), at(0));
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Ready;
        task.counted_attempts = 1;
        task.due_at = Some(at(0));
        task.error_code = Some(ErrorCode::VALIDATION);
    })
    .await;
}

/// A failed attempt that is not to be retried fails its task, also with attempts left.
pub async fn a_failed_attempt_without_a_retry_fails_its_task(orchestration: &Orchestration) {
    let report = failed(attempt_at("a", 1), None);
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Failed;
        task.counted_attempts = 1;
        task.error_code = Some(ErrorCode::VALIDATION);
    })
    .await;
}

/// A released attempt makes its task ready at the given time, and is not counted.
pub async fn a_released_attempt_is_not_counted(orchestration: &Orchestration) {
    let report = released(attempt_at("a", 1), at(500));
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Ready;
        task.due_at = Some(at(500));
    })
    .await;
}

/// An attempt that asks a question makes its task wait, and is not counted.
pub async fn an_attempt_that_waits_is_not_counted(orchestration: &Orchestration) {
    let report = waiting(attempt_at("a", 1));
    assert_closed(orchestration, &report, |task| {
        task.state = TaskState::Waiting;
    })
    .await;
}

/// Claims and starts a task of two attempts, reports at 40 s, and panics unless the task, the
/// execution, the slots of the agent, the answer and the audit log are as expected.
async fn assert_closed(
    orchestration: &Orchestration,
    report: &Report,
    change: impl FnOnce(&mut TaskProgress),
) {
    let writes = Writes::default();
    let tasks = plan([new_task("a").attempted(2).limited_to(10)]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    orchestration
        .start(&writes.at(at(30)), &report.attempt)
        .await;
    let mut task_after = orchestration.task(&task("a")).await.progress;
    let mut execution_after = executions(orchestration).await.remove(0);
    let usage = Usage {
        memory: Some(512.try_into().unwrap()),
        cpu_time: Some(90_000.try_into().unwrap()),
    };
    let output = payload(&serde_json::json!({ "lines": [1, 2] }));
    let report = report.clone().with_output(output.clone()).with_usage(usage);

    let context = writes.at(at(40));
    let outcome = orchestration.report(&context, &report).await;

    task_after.agent = None;
    task_after.changed_at = at(40);
    change(&mut task_after);
    let end = report.result.state();
    execution_after.state = end;
    execution_after.closed_at = Some(at(40));
    execution_after.output = Some(output);
    execution_after.error = report.result.error().cloned();
    execution_after.usage = usage;
    assert_eq!(outcome, recorded(task_after.state));
    assert_eq!(orchestration.task(&task("a")).await.progress, task_after);
    assert_eq!(executions(orchestration).await, [execution_after]);
    let presence = orchestration.agent(&agent("builder")).await.presence;
    assert_eq!(presence.open_executions, 0);
    let after = AfterAttempt {
        state: task_after.state,
        counted_attempts: task_after.counted_attempts,
        due_at: task_after.due_at,
        error_code: task_after.error_code,
    };
    let number = attempt(1);
    let change = Change::attempt_ended(&task_id("a"), number, TaskState::Running, end, &after);
    assert_eq!(orchestration.changes_of(&context).await, [change]);
}

/// A task fails with the last of its counted attempts, although a retry was wanted. Attempts that
/// were released or wait do not count.
pub async fn a_task_fails_with_the_last_counted_attempt(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([new_task("a").attempted(2)]);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &tasks).await;
    let results = [
        (failed(attempt_at("a", 1), at(0)), TaskState::Ready, 1),
        (released(attempt_at("a", 2), at(0)), TaskState::Ready, 1),
        (waiting(attempt_at("a", 3)), TaskState::Waiting, 1),
        (failed(attempt_at("a", 4), at(0)), TaskState::Failed, 2),
    ];

    for (number, (report, state, counted)) in (1..).zip(results) {
        orchestration.given_claim(&writes, &builder, 1).await;
        let outcome = orchestration.report(&writes.next(), &report).await;

        assert_eq!(outcome, recorded(state));
        let after = orchestration.task(&task("a")).await.progress;
        assert_eq!((after.attempts, after.counted_attempts), (number, counted));
        if state == TaskState::Waiting {
            let answers = "{}".parse().unwrap();
            orchestration
                .resume(&writes.next(), &task("a"), &answers)
                .await;
        }
    }
}

/// The error code of a failed attempt stays that of the task until another one replaces it.
pub async fn the_error_code_stays_until_another_replaces_it(orchestration: &Orchestration) {
    let writes = Writes::default();
    let builder = registration("builder");
    let tasks = plan([new_task("a")]);
    orchestration.given_agent(&writes, &builder).await;
    orchestration.given_tasks(&writes, &tasks).await;
    let with_code = |number, code: &str| {
        let mut report = failed(attempt_at("a", number), at(0));
        if let AttemptResult::Failed { error, .. } = &mut report.result {
            error.code = code.parse().unwrap();
        }
        report
    };
    let reports = [
        (with_code(1, "one"), "one"),
        (released(attempt_at("a", 2), at(0)), "one"),
        (with_code(3, "two"), "two"),
        (completed(attempt_at("a", 4)), "two"),
    ];

    for (report, expected) in reports {
        orchestration.given_claim(&writes, &builder, 1).await;
        orchestration.report(&writes.next(), &report).await;
        let code = orchestration.task(&task("a")).await.progress.error_code;
        assert_eq!(code, Some(expected.parse().unwrap()));
    }
}

/// A report at an assigned attempt is logged with the state of its task, `assigned`.
pub async fn a_report_without_a_start_is_logged_as_such(orchestration: &Orchestration) {
    let writes = Writes::default();
    orchestration
        .given_work(&writes, &registration("builder"), &plan([new_task("a")]))
        .await;

    let context = writes.next();
    orchestration
        .report(&context, &completed(attempt_at("a", 1)))
        .await;

    let after = AfterAttempt {
        state: TaskState::Completed,
        counted_attempts: 0,
        due_at: None,
        error_code: None,
    };
    let (from, end) = (TaskState::Assigned, ExecutionState::Completed);
    let change = Change::attempt_ended(&task_id("a"), attempt(1), from, end, &after);
    assert_eq!(orchestration.changes_of(&context).await, [change]);
}

/// An attempt that does not exist is unknown: of a task without attempts, a later one, or one of
/// another owner. Such a report has no entry in the audit log.
pub async fn an_unknown_attempt_is_not_reported(orchestration: &Orchestration) {
    let writes = Writes::default();
    let tasks = plan([new_task("a"), new_task("b")]);
    orchestration
        .given_work(&writes, &registration("builder"), &tasks)
        .await;
    let mut of_bob = attempt_at("a", 1);
    of_bob.task.user = user("bob");

    for key in [
        attempt_at("a", 2),
        attempt_at("b", 1),
        attempt_at("c", 1),
        of_bob,
    ] {
        let context = writes.next();
        let outcome = orchestration
            .report(&context, &completed(key.clone()))
            .await;

        assert_eq!(outcome, ReportOutcome::Unknown, "{key}");
        let changes = orchestration.changes_of_owner(&key.task.user, &context);
        assert_eq!(changes.await, []);
    }
    let state = orchestration.task(&task("a")).await.progress.state;
    assert_eq!(state, TaskState::Assigned);
}

async fn executions(orchestration: &Orchestration) -> Vec<Execution> {
    let of_agent = ExecutionFilter::OfAgent(agent_id("builder"));
    orchestration.executions(&user("alice"), &of_agent).await
}

fn recorded(state: TaskState) -> ReportOutcome {
    ReportOutcome::Recorded {
        state,
        ready: Vec::new(),
        skipped: Vec::new(),
    }
}
