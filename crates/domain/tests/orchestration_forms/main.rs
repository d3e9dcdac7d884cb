//! The JSON forms of the types of orchestration, which services send and store.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod agents;
mod dispatch;
mod fixture;
mod plans;
mod tasks;

use serde_json::json;
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::audit::{AuditCursor, AuditEntry, Change};
use tasktrail_domain::orchestration::dispatch::{Execution, ExecutionCursor};
use tasktrail_domain::orchestration::task::{TaskCursor, TaskOverview};
use tasktrail_domain::orchestration::{AgentState, Attempt, ExecutionState, TaskState, Version};
use tasktrail_domain::write::{WriteContext, WriteId};

use self::fixture::{
    NOON, UUID, builder, builder_id, has_form, instance, key_form, noon, ready_task, refused,
    second_attempt, task,
};

#[test]
fn keys_are_objects() {
    has_form(
        &builder(),
        json!({ "user_id": "alice", "agent_id": "builder-1" }),
    );
    has_form(
        &second_attempt(),
        json!({ "task": key_form(), "attempt": 2 }),
    );
    has_form(&instance(), json!(UUID));
    has_form(&Version::DEFAULT, json!(1));
    assert!(serde_json::from_value::<Attempt>(json!(0)).is_err());
}

#[test]
fn states_are_texts() {
    for state in TaskState::ALL {
        has_form(state, json!(state.as_str()));
    }
    for state in ExecutionState::ALL {
        has_form(state, json!(state.as_str()));
    }
    for state in AgentState::ALL {
        has_form(state, json!(state.as_str()));
    }
    assert_eq!(
        refused::<AgentState>(json!("busy")),
        "agent state must be one of active, draining, retired, got \"busy\""
    );
}

#[test]
fn entry_has_a_member_for_each_field() {
    let id: WriteId = UUID.parse().unwrap();
    let context = WriteContext::new(id, "agent:builder-1".parse().unwrap(), noon());
    let change = Change::created(&task("build"), TaskState::Ready);
    let user = UserId::new("alice").unwrap();
    has_form(
        &AuditEntry::of(change, user, &context, 0, 7),
        json!({
            "user_id": "alice", "write_id": UUID, "ordinal": 0, "position": 7, "at": NOON,
            "actor": "agent:builder-1", "action": "task.created", "entity": "task",
            "entity_id": "build", "before": null, "after": { "state": "ready" }, "note": null,
        }),
    );
}

#[test]
fn cursors_are_their_texts() {
    let cursor = TaskCursor::of(&TaskOverview::of(&ready_task()));
    has_form(&cursor, json!(cursor.to_string()));
    assert!(serde_json::from_value::<TaskCursor>(json!("8-6")).is_err());

    let cursor = AuditCursor {
        at: noon(),
        position: 7,
    };
    has_form(&cursor, json!(cursor.to_string()));
    assert!(serde_json::from_value::<AuditCursor>(json!("8-06")).is_err());

    let execution = Execution::assigned(second_attempt(), builder_id(), instance(), noon(), None);
    let cursor = ExecutionCursor::of(&execution);
    has_form(&cursor, json!(cursor.to_string()));
    assert!(serde_json::from_value::<ExecutionCursor>(json!("8-1-6")).is_err());
}
