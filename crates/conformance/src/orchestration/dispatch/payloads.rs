//! What a report says comes back as it was given.

use serde_json::json;
use tasktrail_domain::orchestration::Payload;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::dispatch::{
    AttemptResult, CpuTime, Execution, ExecutionFilter, MemoryUsage, Report, ReportOutcome,
    ReportedError, Usage,
};
use tasktrail_domain::orchestration::task::Description;
use tasktrail_domain::task_history::ErrorCode;

use crate::Orchestration;
use crate::fixture::{at, user};
use crate::orchestration::fixture::{
    EditRegistration, Writes, attempt_at, completed, new_task, payload, plan, registration,
    released, task_id,
};

/// JSON that a store might change: NUL, lone surrogates, numbers of any size and spelling, keys in
/// any order, and what looks like an escape.
const AWKWARD: [&str; 12] = [
    "null",
    r#""""#,
    r#""a\u0000b""#,
    r#"{"\u0000":{"\u0000\ud835":"\u0000"}}"#,
    r#"["\ud835","\udc00","\udfff\ud800","a\ud83db"]"#,
    "1e400",
    "[1,1.0,1.00,-0.0,1e17,1E-400,123456789012345678901234567890.10]",
    r#"{"b":1,"a":{"d":[],"c":{}}}"#,
    r#"{"␛":"␛ud835","\\u0000":"\\ud835"}"#,
    r#"{"$serde_json::private::RawValue":"1e17"}"#,
    r#"{"state":"completed","output":{"attempt":1}}"#,
    r#""🦀 é ж 𝄞 \" \\ \/ \n""#,
];

/// Any JSON comes back as the output that it was reported as.
pub async fn outputs_come_back_as_given(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (place, output) in outputs(&writes, orchestration).await {
        let report = completed(attempt_at(&place, 1)).with_output(output.clone());
        orchestration.report(&writes.next(), &report).await;

        assert_eq!(execution(orchestration, &place).await.output, Some(output));
    }
}

/// The audit log has the output of a superseded report as it was given.
pub async fn superseded_outputs_come_back_as_given(orchestration: &Orchestration) {
    let writes = Writes::default();
    for (place, output) in outputs(&writes, orchestration).await {
        let report = completed(attempt_at(&place, 1));
        orchestration.report(&writes.next(), &report).await;
        let context = writes.next();
        let late = report.with_output(output);
        let outcome = orchestration.report(&context, &late).await;

        assert!(
            matches!(outcome, ReportOutcome::Superseded { .. }),
            "{outcome:?}"
        );
        let change = Change::report_superseded(&late);
        assert_eq!(orchestration.changes_of(&context).await, [change]);
        assert_eq!(execution(orchestration, &place).await.output, None);
    }
}

/// Claims a task for each awkward output, and returns the ids with the outputs.
async fn outputs(writes: &Writes, orchestration: &Orchestration) -> Vec<(String, Payload)> {
    let builder = registration("builder")
        .with_capacity(1000)
        .with_lease(86_400);
    let outputs: Vec<Payload> = AWKWARD.iter().map(|json| json.parse().unwrap()).collect();
    let ids: Vec<_> = (0..outputs.len()).map(|n| format!("{n:02}")).collect();
    let tasks = plan(ids.iter().map(|id| new_task(id)));
    orchestration.given_work(writes, &builder, &tasks).await;
    ids.into_iter().zip(outputs).collect()
}

/// An output may be as large as a payload: 1 MiB.
pub async fn an_output_may_be_as_large_as_the_limit(orchestration: &Orchestration) {
    let text = "\u{1f980}".repeat((Payload::MAX_BYTES - 2) / 4);
    let padding = " ".repeat(Payload::MAX_BYTES - 2 - text.len());
    let output = payload(&json!(text + &padding));
    assert_eq!(output.as_json().as_str().len(), Payload::MAX_BYTES);

    let report = completed(attempt_at("a", 1)).with_output(output.clone());
    let execution = after(orchestration, &report).await;

    assert_eq!(execution.output, Some(output));
}

/// An output can be reported with each result, and differs from no output.
pub async fn each_result_may_have_an_output(orchestration: &Orchestration) {
    let report = released(attempt_at("a", 1), at(0)).with_output(payload(&json!(null)));
    let execution = after(orchestration, &report).await;

    assert_eq!(execution.output, Some(payload(&json!(null))));
}

/// The code and the message of an error come back as given, up to their limits.
pub async fn errors_come_back_as_given(orchestration: &Orchestration) {
    let message = "é\n\u{1}\"\\␛ud835".repeat(Description::MAX_BYTES / 20);
    let error = ReportedError::new(
        ErrorCode::new("ж".repeat(127)).unwrap(),
        Description::new(message).unwrap(),
    );
    let result = AttemptResult::Failed {
        error: error.clone(),
        retry_at: None,
    };
    let execution = after(orchestration, &Report::new(attempt_at("a", 1), result)).await;

    assert_eq!(execution.error, Some(error));
}

/// An error may have an empty message.
pub async fn an_error_may_have_no_message(orchestration: &Orchestration) {
    let error = ReportedError::new(ErrorCode::EXECUTION, Description::default());
    let result = AttemptResult::Failed {
        error: error.clone(),
        retry_at: None,
    };
    let execution = after(orchestration, &Report::new(attempt_at("a", 1), result)).await;

    assert_eq!(execution.error, Some(error));
}

/// Usage is kept in full, zero differs from unknown, and each of its parts may be missing.
pub async fn usage_comes_back_as_given(orchestration: &Orchestration) {
    let writes = Writes::default();
    let usages = [
        (None, None),
        (Some(MemoryUsage::MIN), Some(CpuTime::MIN)),
        (Some(MemoryUsage::MAX), Some(CpuTime::MAX)),
        (Some(MemoryUsage::MAX), None),
        (None, Some(CpuTime::MAX)),
    ];
    let builder = registration("builder").with_capacity(10);
    let ids = ["a", "b", "c", "d", "e"];
    let tasks = plan(ids.map(new_task));
    orchestration.given_work(&writes, &builder, &tasks).await;

    for (id, (memory, cpu_time)) in ids.into_iter().zip(usages) {
        let usage = Usage { memory, cpu_time };
        let report = completed(attempt_at(id, 1)).with_usage(usage);
        orchestration.report(&writes.next(), &report).await;

        assert_eq!(execution(orchestration, id).await.usage, usage);
    }
}

/// Claims the task `a`, sends a report about it, and returns its execution.
async fn after(orchestration: &Orchestration, report: &Report) -> Execution {
    let writes = Writes::default();
    orchestration
        .given_work(&writes, &registration("builder"), &plan([new_task("a")]))
        .await;
    orchestration.report(&writes.next(), report).await;
    execution(orchestration, "a").await
}

async fn execution(orchestration: &Orchestration, id: &str) -> Execution {
    let of_task = ExecutionFilter::OfTask(task_id(id));
    let executions = orchestration.executions(&user("alice"), &of_task).await;
    executions.into_iter().next().unwrap()
}
