//! Values with their forms, and how a form is checked.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use tasktrail_domain::orchestration::agent::{AgentDescription, AgentName, AgentType, Capacity};
use tasktrail_domain::orchestration::task::{
    Dependency, Task, TaskDefinition, TaskProgress, TimeLimit, Title,
};
use tasktrail_domain::orchestration::{
    AgentId, AgentKey, Attempt, AttemptKey, Instance, TaskState,
};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{Document, TaskId, TaskKey};

pub(crate) const NOON: &str = "2026-01-31T12:00:00.000000Z";
pub(crate) const UUID: &str = "0199c2f0-0000-7000-8000-000000000001";

pub(crate) fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

pub(crate) fn builder() -> AgentKey {
    AgentKey::new("alice", "builder-1").unwrap()
}

pub(crate) fn builder_id() -> AgentId {
    builder().agent
}

pub(crate) fn instance() -> Instance {
    UUID.parse().unwrap()
}

pub(crate) fn build() -> TaskKey {
    TaskKey::new("alice", "build").unwrap()
}

pub(crate) fn task(id: &str) -> TaskId {
    id.parse().unwrap()
}

pub(crate) fn second_attempt() -> AttemptKey {
    AttemptKey::new(build(), Attempt::new(2).unwrap())
}

pub(crate) fn document(value: &Value) -> Document {
    Document::of(value).unwrap()
}

pub(crate) fn description() -> AgentDescription {
    let agent_type = AgentType::new("code").unwrap();
    AgentDescription::new(agent_type, AgentName::new("Builder").unwrap())
        .with_capabilities(document(&json!({ "languages": ["rust"] })))
        .with_capacity(Capacity::new(4).unwrap())
}

pub(crate) fn description_form() -> Value {
    json!({
        "agent_type": "code", "name": "Builder", "capabilities": { "languages": ["rust"] },
        "metadata": {}, "capacity": 4, "lease": 60,
    })
}

pub(crate) fn definition() -> TaskDefinition {
    let mut definition = TaskDefinition::new(Title::new("Build").unwrap());
    definition.requirements = document(&json!({ "target": "release" }));
    definition.time_limit = Some(TimeLimit::new(600).unwrap());
    definition
}

pub(crate) fn definition_form() -> Value {
    json!({
        "title": "Build", "description": "", "parent": null, "tags": [],
        "requirements": { "target": "release" }, "required_capabilities": {}, "context": {},
        "priority": 0, "max_attempts": 3, "time_limit": 600,
    })
}

pub(crate) fn key_form() -> Value {
    json!({ "user_id": "alice", "task_id": "build" })
}

pub(crate) fn progress_form() -> Value {
    json!({
        "state": "ready", "attempts": 0, "counted_attempts": 0, "agent": null,
        "open_dependencies": 0, "due_at": NOON, "created_at": NOON, "changed_at": NOON,
        "error_code": null,
    })
}

pub(crate) fn ready_task() -> Task {
    let progress = TaskProgress::created(TaskState::Ready, 0, noon());
    let mut ready = Task::new(build(), definition(), progress);
    ready.dependencies = vec![Dependency::success(task("a")), Dependency::end(task("b"))];
    ready
}

/// Checks both directions, also by text, as documents read it.
#[track_caller]
pub(crate) fn has_form<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
    form: Value,
) {
    assert_eq!(serde_json::to_value(value).unwrap(), form);
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    assert_eq!(&serde_json::from_value::<T>(form).unwrap(), value);
}

#[track_caller]
pub(crate) fn refused<T: DeserializeOwned + Debug>(form: Value) -> String {
    serde_json::from_value::<T>(form).unwrap_err().to_string()
}
