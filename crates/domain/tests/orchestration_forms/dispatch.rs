use serde_json::json;
use tasktrail_domain::orchestration::agent::Capacity;
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, AttemptResult, ClaimOutcome, ClaimedTask, CpuTime, EmptyClaim, Execution,
    MemoryUsage, QueueLoad, ReadyTasks, ReapedAttempt, ReportOutcome, ReportedError, StartOutcome,
    Unavailable,
};
use tasktrail_domain::orchestration::task::{Description, NewTask};
use tasktrail_domain::orchestration::{Attempt, ExecutionState, TaskState};
use tasktrail_domain::task_history::ErrorCode;

use crate::fixture::{
    NOON, UUID, builder_id, definition, definition_form, document, has_form, instance, key_form,
    noon, refused, second_attempt, task,
};

#[test]
fn claim_outcomes_are_tagged() {
    let claimed = ClaimedTask::new(task("build"), Attempt::MIN, definition(), Some(noon()));
    has_form(
        &ClaimOutcome::Claimed {
            tasks: vec![claimed],
        },
        json!({ "outcome": "claimed", "tasks": [{
            "task": "build", "attempt": 1, "definition": definition_form(), "deadline": NOON,
        }] }),
    );
    for (reason, form) in [
        (EmptyClaim::NothingReady, "nothing_ready"),
        (EmptyClaim::Full, "full"),
        (EmptyClaim::Draining, "draining"),
        (EmptyClaim::Retired, "retired"),
        (EmptyClaim::LeaseEnded, "lease_ended"),
        (EmptyClaim::Replaced, "replaced"),
        (EmptyClaim::Unknown, "unknown"),
    ] {
        has_form(
            &ClaimOutcome::Empty { reason },
            json!({ "outcome": "empty", "reason": form }),
        );
    }
    assert_eq!(
        refused::<ClaimOutcome>(json!({ "outcome": "claimed" })),
        "missing field `tasks`"
    );
    assert_eq!(
        refused::<ClaimOutcome>(json!({ "outcome": "empty", "tasks": [] })),
        "missing field `reason`"
    );
}

#[test]
fn numbers_of_documents_keep_their_digits() {
    let text = format!(
        r#"{{"id":"build","title":"Build","context":{{"n":{}.25}}}}"#,
        "9".repeat(40)
    );
    let new: NewTask = serde_json::from_str(&text).unwrap();
    let claimed = ClaimedTask::new(
        task("build"),
        Attempt::MIN,
        new.definition.clone(),
        Some(noon()),
    );
    let outcome = ClaimOutcome::Claimed {
        tasks: vec![claimed],
    };

    let json = serde_json::to_string(&outcome).unwrap();

    assert!(json.contains(new.definition.context.as_str()), "{json}");
    assert_eq!(
        serde_json::from_str::<ClaimOutcome>(&json).unwrap(),
        outcome
    );
}

#[test]
fn assign_outcomes_are_tagged() {
    for (deadline, form) in [(Some(noon()), json!(NOON)), (None, json!(null))] {
        let attempt = Attempt::MIN;
        has_form(
            &AssignOutcome::Assigned { attempt, deadline },
            json!({ "outcome": "assigned", "attempt": 1, "deadline": form }),
        );
    }
    has_form(
        &AssignOutcome::NotReady {
            state: TaskState::Running,
            agent: Some(builder_id()),
        },
        json!({ "outcome": "not_ready", "state": "running", "agent": "builder-1" }),
    );
    has_form(
        &AssignOutcome::Unfit {
            required: document(&json!({ "agent_type": "ops" })),
        },
        json!({ "outcome": "unfit", "required": { "agent_type": "ops" } }),
    );
    has_form(
        &AssignOutcome::Full {
            capacity: Capacity::DEFAULT,
        },
        json!({ "outcome": "full", "capacity": 1 }),
    );
    for (reason, form) in [
        (Unavailable::Draining, "draining"),
        (Unavailable::Retired, "retired"),
        (Unavailable::LeaseEnded, "lease_ended"),
    ] {
        has_form(
            &AssignOutcome::Unavailable { reason },
            json!({ "outcome": "unavailable", "reason": form }),
        );
    }
    has_form(
        &AssignOutcome::UnknownTask,
        json!({ "outcome": "unknown_task" }),
    );
    has_form(
        &AssignOutcome::UnknownAgent,
        json!({ "outcome": "unknown_agent" }),
    );
    for (outcome, field) in [
        ("assigned", "attempt"),
        ("not_ready", "state"),
        ("unfit", "required"),
        ("full", "capacity"),
        ("unavailable", "reason"),
    ] {
        assert_eq!(
            refused::<AssignOutcome>(json!({ "outcome": outcome })),
            format!("missing field `{field}`")
        );
    }
}

#[test]
fn outcomes_of_start_and_report_are_tagged() {
    has_form(
        &StartOutcome::Started { deadline: None },
        json!({ "outcome": "started", "deadline": null }),
    );
    has_form(
        &StartOutcome::Closed {
            state: ExecutionState::Lost,
        },
        json!({ "outcome": "closed", "state": "lost" }),
    );
    has_form(&StartOutcome::Unknown, json!({ "outcome": "unknown" }));
    has_form(
        &ReportOutcome::Recorded {
            state: TaskState::Completed,
            ready: vec![task("a")],
            skipped: vec![task("b")],
        },
        json!({ "outcome": "recorded", "state": "completed", "ready": ["a"], "skipped": ["b"] }),
    );
    has_form(
        &ReportOutcome::Superseded {
            state: ExecutionState::Lost,
            task: TaskState::Ready,
        },
        json!({ "outcome": "superseded", "state": "lost", "task": "ready" }),
    );
    has_form(&ReportOutcome::Unknown, json!({ "outcome": "unknown" }));
}

#[test]
fn results_of_attempts_are_named() {
    has_form(&AttemptResult::Completed, json!("completed"));
    has_form(&AttemptResult::Waiting, json!("waiting"));
    has_form(
        &AttemptResult::Released { due_at: noon() },
        json!({ "released": { "due_at": NOON } }),
    );
    let message = Description::new("no disk").unwrap();
    has_form(
        &AttemptResult::Failed {
            error: ReportedError::new(ErrorCode::EXECUTION, message),
            retry_at: Some(noon()),
        },
        json!({ "failed": {
            "error": { "code": "E003", "message": "no disk" }, "retry_at": NOON,
        } }),
    );
}

#[test]
fn execution_has_a_member_for_each_field() {
    let deadline = Some(noon());
    let mut execution =
        Execution::assigned(second_attempt(), builder_id(), instance(), noon(), deadline);
    execution.output = Some(r#"{"pages":12}"#.parse().unwrap());
    execution.usage.memory = Some(MemoryUsage::MAX);
    execution.usage.cpu_time = Some(CpuTime::MIN);
    has_form(
        &execution,
        json!({
            "key": { "task": key_form(), "attempt": 2 },
            "agent": "builder-1", "instance": UUID, "state": "assigned",
            "assigned_at": NOON, "started_at": null, "closed_at": null, "deadline": NOON,
            "output": { "pages": 12 }, "error": null,
            "usage": { "memory_usage_mb": 2_147_483_647, "cpu_time_ms": 0 },
        }),
    );
    execution.output = Some(r#"{"price":1.50}"#.parse().unwrap());
    let text = serde_json::to_string(&execution).unwrap();
    assert!(text.contains(r#""output":{"price":1.50}"#), "{text}");
    assert_eq!(serde_json::from_str::<Execution>(&text).unwrap(), execution);
}

#[test]
fn reaped_attempts_and_loads_are_objects() {
    has_form(
        &ReapedAttempt::new(
            second_attempt(),
            builder_id(),
            ExecutionState::TimedOut,
            TaskState::TimedOut,
            vec![task("a")],
        ),
        json!({
            "attempt": { "task": key_form(), "attempt": 2 }, "agent": "builder-1",
            "end": "timed_out", "state": "timed_out", "skipped": ["a"],
        }),
    );
    let gpu = document(&json!({ "gpu": true }));
    has_form(
        &QueueLoad::new(vec![ReadyTasks::new(gpu, 3, 1, Some(noon()))]),
        json!({ "queues": [{
            "required_capabilities": { "gpu": true }, "ready": 3, "due": 1, "due_since": NOON,
        }] }),
    );
}
