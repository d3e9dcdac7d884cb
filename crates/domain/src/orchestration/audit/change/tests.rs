use serde_json::{Value, json};

use super::*;
use crate::TaskKey;
use crate::orchestration::agent::{AgentDescription, AgentName, AgentType, Capacity};
use crate::orchestration::dispatch::{AttemptResult, ReportedError, after_attempt};
use crate::orchestration::task::{Description, MaxAttempts, Priority, TaskDefinition, Title};
use crate::orchestration::{AgentKey, AttemptKey, Instance, Payload};
use crate::task_history::ErrorCode;
use crate::timestamp::Timestamp;

fn build() -> TaskId {
    "build".parse().unwrap()
}

fn builder() -> AgentId {
    "builder-1".parse().unwrap()
}

fn instance(number: u8) -> Instance {
    format!("0199c2f0-0000-7000-8000-00000000000{number}")
        .parse()
        .unwrap()
}

fn registration(instance: Instance) -> Registration {
    let agent_type = AgentType::new("code").unwrap();
    let description = AgentDescription::new(agent_type, AgentName::new("Builder").unwrap());
    let key = AgentKey::new("alice", builder()).unwrap();
    Registration::new(key, instance, description)
}

/// Checks a change of the task `build`.
#[track_caller]
fn is_of_task(change: &Change, action: &str, before: Option<Value>, after: Value) {
    assert_eq!(
        (change.entity, change.entity_id.as_str()),
        (EntityKind::Task, "build")
    );
    has(change, action, before, Some(after));
}

/// Checks a change of the agent `builder-1`.
#[track_caller]
fn is_of_agent(change: &Change, action: &str, before: Option<Value>, after: Value) {
    assert_eq!(
        (change.entity, change.entity_id.as_str()),
        (EntityKind::Agent, "builder-1")
    );
    has(change, action, before, Some(after));
}

#[track_caller]
fn has(change: &Change, action: &str, before: Option<Value>, after: Option<Value>) {
    let text = |value: Option<Value>| value.map(|value| JsonText::of(&value).unwrap());
    assert_eq!(change.action.as_str(), action);
    assert_eq!(change.before, text(before));
    assert_eq!(change.after, text(after));
}

#[test]
fn creation_has_the_state_after() {
    is_of_task(
        &Change::created(&build(), TaskState::Blocked),
        "task.created",
        None,
        json!({ "state": "blocked" }),
    );
}

#[test]
fn change_of_a_state_has_the_states_before_and_after() {
    for (action, to) in [
        (Action::TASK_CANCELLED, TaskState::Cancelled),
        (Action::TASK_READY, TaskState::Ready),
        (Action::TASK_SKIPPED, TaskState::Skipped),
    ] {
        is_of_task(
            &Change::state(action.clone(), &build(), TaskState::Blocked, to),
            action.as_str(),
            Some(json!({ "state": "blocked" })),
            json!({ "state": to }),
        );
    }
}

#[test]
fn claim_and_assignment_have_the_agent_and_the_attempt() {
    for action in [Action::TASK_CLAIMED, Action::TASK_ASSIGNED] {
        is_of_task(
            &Change::given(
                action.clone(),
                &build(),
                &builder(),
                Attempt::new(2).unwrap(),
            ),
            action.as_str(),
            Some(json!({ "state": "ready" })),
            json!({ "agent": "builder-1", "attempt": 2, "state": "assigned" }),
        );
    }
}

#[test]
fn start_has_the_attempt() {
    is_of_task(
        &Change::started(&build(), Attempt::MIN),
        "task.started",
        Some(json!({ "state": "assigned" })),
        json!({ "attempt": 1, "state": "running" }),
    );
}

#[test]
fn end_of_an_attempt_has_its_action_and_the_state_of_the_task() {
    let error = ReportedError::new(ErrorCode::VALIDATION, Description::default());
    let now = Timestamp::default();
    let failed = AttemptResult::Failed {
        error,
        retry_at: Some(now),
    };
    let released = AttemptResult::Released { due_at: now };
    let completed = AttemptResult::Completed;
    let waiting = AttemptResult::Waiting;
    for (end, result, action, state, code) in [
        (
            ExecutionState::Completed,
            Some(&completed),
            "task.completed",
            "completed",
            None,
        ),
        (
            ExecutionState::Failed,
            Some(&failed),
            "task.failed",
            "ready",
            Some("E001"),
        ),
        (
            ExecutionState::Cancelled,
            None,
            "task.cancelled",
            "cancelled",
            None,
        ),
        (
            ExecutionState::TimedOut,
            None,
            "task.timed_out",
            "ready",
            Some("E002"),
        ),
        (
            ExecutionState::Released,
            Some(&released),
            "task.released",
            "ready",
            None,
        ),
        (
            ExecutionState::Waiting,
            Some(&waiting),
            "task.waiting",
            "waiting",
            None,
        ),
        (
            ExecutionState::Lost,
            None,
            "task.lost",
            "ready",
            Some("E003"),
        ),
    ] {
        let after = after_attempt(end, result, 0, MaxAttempts::DEFAULT, now);
        let change = Change::attempt_ended(&build(), Attempt::MIN, TaskState::Running, end, &after);
        let mut expected = json!({ "attempt": 1, "state": state });
        if let Some(code) = code {
            expected["error_code"] = json!(code);
        }
        is_of_task(
            &change,
            action,
            Some(json!({ "state": "running" })),
            expected,
        );
    }
}

#[test]
fn superseded_report_is_kept() {
    let task = TaskKey::new("alice", build()).unwrap();
    let attempt = AttemptKey::new(task, Attempt::MIN);
    let message = Description::new("no disk").unwrap();
    let error = ReportedError::new(ErrorCode::VALIDATION, message);
    let failed = AttemptResult::Failed {
        error,
        retry_at: None,
    };
    let output: Payload = r#"{"log":"\ud835","price":1.50}"#.parse().unwrap();

    let change =
        Change::report_superseded(&Report::new(attempt.clone(), failed).with_output(output));
    assert_eq!(
        change.after.as_ref().unwrap().as_str(),
        r#"{"attempt":1,"error_code":"E001","error_message":"no disk","output":{"log":"\ud835","price":1.50},"state":"failed"}"#
    );
    assert_eq!((change.before, change.entity_id.as_str()), (None, "build"));
    is_of_task(
        &Change::report_superseded(&Report::new(attempt, AttemptResult::Completed)),
        "task.report_superseded",
        None,
        json!({ "attempt": 1, "state": "completed" }),
    );
}

#[test]
fn deepest_payload_and_document_are_kept() {
    let deep = "[".repeat(Payload::MAX_DEPTH) + &"]".repeat(Payload::MAX_DEPTH);
    let attempt = AttemptKey::new(TaskKey::new("alice", build()).unwrap(), Attempt::MIN);
    let report = Report::new(attempt, AttemptResult::Completed)
        .with_output(deep.parse::<Payload>().unwrap());
    let levels = Document::MAX_DEPTH - 1;
    let answers = format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));

    let superseded = Change::report_superseded(&report);
    let resumed = Change::resumed(&build(), &answers.parse().unwrap());

    assert!(superseded.after.unwrap().as_str().contains(&deep));
    assert!(resumed.after.unwrap().as_str().contains(&answers));
}

#[test]
fn change_of_dependencies_has_those_that_changed() {
    let dependencies = [
        Dependency::success("a".parse().unwrap()),
        Dependency::end("b".parse().unwrap()),
    ];
    let listed = json!(["a", { "task_id": "b", "when": "end" }]);

    is_of_task(
        &Change::dependencies_added(
            &build(),
            TaskState::Ready,
            TaskState::Blocked,
            &dependencies,
        ),
        "task.dependencies_added",
        Some(json!({ "state": "ready" })),
        json!({ "dependencies": listed, "state": "blocked" }),
    );
    is_of_task(
        &Change::dependencies_removed(
            &build(),
            TaskState::Blocked,
            TaskState::Ready,
            &dependencies,
        ),
        "task.dependencies_removed",
        Some(json!({ "dependencies": listed, "state": "blocked" })),
        json!({ "state": "ready" }),
    );
}

#[test]
fn answers_of_a_resumed_task_are_kept() {
    is_of_task(
        &Change::resumed(&build(), &r#"{"approved":true}"#.parse().unwrap()),
        "task.resumed",
        Some(json!({ "state": "waiting" })),
        json!({ "answers": { "approved": true }, "state": "ready" }),
    );
}

#[test]
fn change_of_an_agent_is_named_after_its_new_state() {
    for (from, to, action) in [
        (AgentState::Draining, AgentState::Active, "agent.resumed"),
        (AgentState::Active, AgentState::Draining, "agent.drained"),
        (AgentState::Draining, AgentState::Retired, "agent.retired"),
    ] {
        is_of_agent(
            &Change::agent_state(&builder(), from, to),
            action,
            Some(json!({ "state": from })),
            json!({ "state": to }),
        );
    }
}

#[test]
fn first_registration_has_all_fields() {
    let change = Change::registered(None, (&registration(instance(1)), AgentState::Active));

    is_of_agent(
        &change.unwrap(),
        "agent.registered",
        None,
        json!({
            "agent_type": "code", "name": "Builder", "capabilities": {}, "metadata": {},
            "capacity": 1, "lease": 60, "instance": instance(1), "state": "active",
        }),
    );
}

#[test]
fn later_registration_has_the_fields_that_changed() {
    let first = registration(instance(1));
    let mut second = registration(instance(2));
    second.description.capacity = Capacity::MAX;

    is_of_agent(
        &Change::registered(
            Some((&first, AgentState::Retired)),
            (&second, AgentState::Active),
        )
        .unwrap(),
        "agent.registered",
        Some(json!({ "capacity": 1, "instance": instance(1), "state": "retired" })),
        json!({ "capacity": 1000, "instance": instance(2), "state": "active" }),
    );
    let same = (&first, AgentState::Draining);
    assert_eq!(Change::registered(Some(same), same), None);
}

#[test]
fn update_has_the_fields_that_changed() {
    let before = TaskDefinition::new(Title::new("Build").unwrap());
    let mut after = before.clone();
    after.priority = Priority::MAX;
    after.context = r#"{"n":1}"#.parse().unwrap();

    let updated = |after| Change::updated(EntityKind::Task, build().into(), &before, after);
    is_of_task(
        &updated(&after).unwrap(),
        "task.updated",
        Some(json!({ "context": {}, "priority": 0 })),
        json!({ "context": { "n": 1 }, "priority": 1000 }),
    );
    assert_eq!(updated(&before), None);

    let before = registration(instance(1)).description;
    let mut after = before.clone();
    after.name = AgentName::new("Other").unwrap();
    is_of_agent(
        &Change::updated(EntityKind::Agent, builder().into(), &before, &after).unwrap(),
        "agent.updated",
        Some(json!({ "name": "Builder" })),
        json!({ "name": "Other" }),
    );
}
