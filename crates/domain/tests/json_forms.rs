//! The JSON forms of the types that services send and store. They are those of the tool.

#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tasktrail_domain::TaskKey;
use tasktrail_domain::id::UuidV7;
use tasktrail_domain::repository::{Page, PageSize};
use tasktrail_domain::task_history::{
    CancelOutcome, Counts, ErrorCode, FinalStatus, Finish, FinishOutcome, HistoryEntry, ListCursor,
    StepNumber, TaskStatus, TaskStepResult, TaskSummary, TrailCursor,
};
use tasktrail_domain::timestamp::Timestamp;

const NOON: &str = "2026-01-31T12:00:00.000000Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn report() -> TaskKey {
    TaskKey::new("alice", "report-7").unwrap()
}

#[track_caller]
fn has_form<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, form: Value) {
    assert_eq!(serde_json::to_value(value).unwrap(), form);
    assert_eq!(&serde_json::from_value::<T>(form).unwrap(), value);
}

#[test]
fn keys_and_pages_are_objects() {
    has_form(
        &report(),
        json!({ "user_id": "alice", "task_id": "report-7" }),
    );
    let page = Page {
        items: vec![1, 2],
        next: Some(TrailCursor::new(2)),
    };
    has_form(&page, json!({ "items": [1, 2], "next": "2" }));
    has_form(&PageSize::DEFAULT, json!(100));
    assert!(serde_json::from_value::<PageSize>(json!(0)).is_err());
}

#[test]
fn cursors_are_their_texts() {
    let place = ListCursor::until(noon());

    has_form(&place, json!(place.to_string()));
    assert!(serde_json::from_value::<ListCursor>(json!("8-6")).is_err());
    assert!(serde_json::from_value::<TrailCursor>(json!(2)).is_err());
}

#[test]
fn summary_has_a_member_for_each_field() {
    let mut summary = TaskSummary::new(report(), TaskStatus::Failed, noon());
    summary.error_code = Some(ErrorCode::TIMEOUT);
    summary.last_step = Some(StepNumber::from(3));
    summary.entries = 4;

    has_form(
        &summary,
        json!({
            "user_id": "alice",
            "task_id": "report-7",
            "status": "failed",
            "error_code": ErrorCode::TIMEOUT.as_str(),
            "last_step": 3,
            "entries": 4,
            "created_at": NOON,
            "last_updated": NOON,
            "finished_at": null,
        }),
    );
}

#[test]
fn entry_keeps_the_text_of_its_result() {
    let id = UuidV7::derived(noon(), [7; 10]);
    let result: tasktrail_domain::JsonText = r#"{"price":1.50}"#.parse().unwrap();
    let fetched = TaskStepResult::builder("fetch", TaskStatus::Running).result(&result);
    let entry = HistoryEntry::new(
        id.into(),
        report(),
        StepNumber::from(3),
        fetched.build().unwrap(),
        noon(),
    );

    let text = serde_json::to_string(&entry).unwrap();

    assert!(text.contains(r#""result":{"price":1.50}"#), "{text}");
    assert!(text.starts_with(&format!(
        r#"{{"id":"{id}","user_id":"alice","task_id":"report-7","step":3,"recorded_at":"{NOON}","step_result":{{"#
    )));
    assert_eq!(serde_json::from_str::<HistoryEntry>(&text).unwrap(), entry);
    let unknown = text.replacen("\"step\"", "\"stpe\"", 1);
    assert!(serde_json::from_str::<HistoryEntry>(&unknown).is_err());
}

#[test]
fn outcomes_say_whether_this_call_did_it() {
    let previous = Some(TaskStatus::Running);
    has_form(
        &CancelOutcome::Cancelled { previous },
        json!({ "cancelled": true, "previous": "running", "status": "cancelled" }),
    );
    has_form(
        &CancelOutcome::AlreadyFinished {
            status: FinalStatus::Failed,
        },
        json!({ "cancelled": false, "previous": "failed", "status": "failed" }),
    );
    has_form(
        &FinishOutcome::Finished { previous },
        json!({ "finished": true, "previous": "running" }),
    );
    has_form(
        &FinishOutcome::AlreadyFinished {
            status: FinalStatus::TimedOut,
            at: noon(),
        },
        json!({ "finished": false, "status": "timed_out", "at": NOON }),
    );
    let neither = json!({ "finished": false, "previous": "running" });
    assert!(serde_json::from_value::<FinishOutcome>(neither).is_err());
}

#[test]
fn finish_and_counts_are_objects() {
    let finish = Finish {
        status: FinalStatus::Completed,
        at: noon(),
    };
    has_form(&finish, json!({ "status": "completed", "at": NOON }));
    let running = json!({ "status": "running", "at": NOON });
    assert!(serde_json::from_value::<Finish>(running).is_err());

    let mut counts = Counts::default();
    counts.tasks = 1;
    counts.tasks_by_status.insert(TaskStatus::Completed, 1);
    counts.open_tasks_by_status.insert(TaskStatus::Completed, 1);
    has_form(
        &counts,
        json!({
            "entries": 0, "steps": 0, "tasks": 1, "users": 0,
            "tasks_by_status": { "completed": 1 }, "open_tasks_by_status": { "completed": 1 },
        }),
    );
}
