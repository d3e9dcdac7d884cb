//! Values from small domains.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;
use tasktrail_domain::id::UuidV7;
use tasktrail_domain::orchestration::{
    AgentId, AgentKey, Instance, Payload, TaskState, TaskStateSet,
};
use tasktrail_domain::repository::PageSize;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteId;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

use crate::fixture::{at, task_of, user};
use crate::orchestration::fixture::{agent_id, agent_of, document, instance, task_id};

/// The ids of the tasks.
pub(super) const TASKS: [&str; 8] = ["B", "a", "b", "c", "d", "e", "é", "𝄞"];

/// Mostly alice.
pub(super) fn owner() -> impl Strategy<Value = UserId> {
    prop_oneof![4 => Just("alice"), 1 => Just("bob")].prop_map(user)
}

pub(super) fn agent() -> impl Strategy<Value = AgentKey> {
    (owner(), agent_name()).prop_map(|(owner, id)| agent_of(owner.as_str(), id.as_str()))
}

pub(super) fn agent_name() -> impl Strategy<Value = AgentId> {
    select(vec!["builder", "Ω"]).prop_map(agent_id)
}

/// Mostly the first instance.
pub(super) fn run() -> impl Strategy<Value = Instance> {
    prop_oneof![5 => Just(1), 1 => Just(2)].prop_map(instance)
}

pub(super) fn key() -> impl Strategy<Value = TaskKey> {
    (owner(), name()).prop_map(|(owner, task)| task_of(owner.as_str(), task.as_str()))
}

pub(super) fn name() -> impl Strategy<Value = TaskId> {
    select(TASKS.to_vec()).prop_map(task_id)
}

pub(super) fn states() -> impl Strategy<Value = TaskStateSet> {
    let all: Vec<_> = TaskState::ALL.to_vec();
    let some = subsequence(all, 0..=6).prop_map(TaskStateSet::only);
    prop_oneof![Just(TaskStateSet::ALL), some]
}

pub(super) fn page_size() -> impl Strategy<Value = PageSize> {
    (1_u64..4).prop_map(|items| PageSize::new(items).unwrap())
}

/// Required capabilities, or capabilities.
pub(super) fn skills() -> impl Strategy<Value = Document> {
    let some = [
        json!({}),
        json!({ "agent_type": "code" }),
        json!({ "gpu": 1 }),
        json!({ "gpu": 1.0, "languages": ["sql", "rust"] }),
    ];
    select(some.to_vec()).prop_map(|json| document(&json))
}

/// A small document with members that a store might change.
pub(super) fn small_document() -> impl Strategy<Value = Document> {
    let some = [
        r"{}",
        r#"{"a":1}"#,
        r#"{"a":{"\\u0000":"␛ud835"},"b":[1e3,1.50,1e399,1E-7]}"#,
    ];
    select(some.map(|json| json.parse().unwrap()).to_vec())
}

pub(super) fn payload() -> impl Strategy<Value = Payload> {
    let some = ["null", "1.00", r#"{"\u0000":"␛\ud835","state":"ready"}"#];
    select(some.map(|json| json.parse().unwrap()).to_vec())
}

/// An instant of a report, which may be before or after it.
pub(super) fn due() -> impl Strategy<Value = Timestamp> {
    select(vec![0, 1, 10, 60, 200]).prop_map(at)
}

/// Returns the id of the write with this number.
pub(super) fn write_id(number: usize) -> WriteId {
    let mut fingerprint = [0; 10];
    fingerprint[2..].copy_from_slice(&number.to_be_bytes());
    UuidV7::derived(at(0), fingerprint).into()
}

/// Returns the seconds of an instant that [`at`] made.
pub(super) fn seconds(instant: Timestamp) -> u64 {
    let micros = instant.as_micros() - at(0).as_micros();
    u64::try_from(micros / 1_000_000).unwrap_or(0)
}
