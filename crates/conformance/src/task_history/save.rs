//! Saving one entry.

use serde_json::json;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};
use tasktrail_domain::task_history::{ErrorCode, HistoryEntry, TaskStepResult, operation};

use crate::History;
use crate::fixture::{Edit, Writer, assert_conflict, at, task, task_of};

/// A saved entry is returned unchanged, as a step and in the trail.
pub async fn a_saved_entry_comes_back_as_it_was_given(history: &History) {
    let report = task("report");
    let fetched = TaskStepResult::builder("fetch", Failed)
        .result(json!({ "pages": [1, 2] }))
        .completed(true)
        .message("two pages")
        .error(ErrorCode::EXECUTION, "the third is missing");
    let entry = Writer::default()
        .step(&report, 3, Failed)
        .with(fetched.build().unwrap())
        .recorded(at(7));

    history.save(&entry).await;

    let expected = [entry];
    assert_eq!(history.steps(&report).await, expected);
    assert_eq!(history.trail(&report).await, expected);
}

/// A save returns the status of its task: that of the highest step, not of the saved one.
pub async fn a_save_returns_the_status_of_its_task(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let first = writer.step(&report, 2, Running);
    let lower = writer.step(&report, 1, Completed);
    let higher = writer.step(&report, 3, Failed);

    assert_eq!(history.save(&first).await, Running);
    assert_eq!(history.save(&lower).await, Running);
    assert_eq!(history.save(&higher).await, Failed);
}

/// A save adds its entry, and does not change or remove other entries, even of the same step.
pub async fn a_save_leaves_other_entries_unchanged(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let entries = [
        writer.step(&report, 1, Running).giving(json!("first")),
        writer.step(&report, 1, Completed).giving(json!("second")),
        writer.step(&report, 0, Failed).giving(json!("third")),
    ];

    for (saved, entry) in entries.iter().enumerate() {
        history.save(entry).await;

        let trail = history.trail(&report).await;
        assert_eq!(trail, entries[..=saved]);
    }
}

/// Saving the same entry again changes nothing.
pub async fn a_repeated_save_changes_nothing(history: &History) {
    let entry = Writer::default().step(&task("report"), 1, Running);
    history.save(&entry).await;
    let saved_once = history.snapshot().await;

    let answer = history.save(&entry).await;

    assert_eq!(answer, Running);
    assert_eq!(history.snapshot().await, saved_once);
}

/// A repeated save returns the current status of its task.
pub async fn a_repeated_save_returns_the_current_status(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let first = writer.step(&report, 1, Running);
    history.save(&first).await;
    let second = writer.step(&report, 2, Completed);
    history.save(&second).await;

    assert_eq!(history.save(&first).await, Completed);
}

/// A repeated save keeps the original time, and does not count as activity.
pub async fn a_repeated_save_keeps_the_original_time(history: &History) {
    let report = task("report");
    let entry = Writer::default().step(&report, 1, Running).recorded(at(5));
    history.save(&entry).await;

    for other in [at(1), at(9)] {
        history.save(&entry.clone().recorded(other)).await;
    }

    let summary = history.summary(&report).await;
    assert_eq!(history.trail(&report).await, [entry]);
    assert_eq!((summary.created_at, summary.last_updated), (at(5), at(5)));
}

/// Repeating an older revision does not replace the newest one.
pub async fn a_repeated_save_does_not_become_the_newest_revision(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let older = writer.step(&report, 1, Running);
    let newer = writer.step(&report, 1, Completed);
    history.save(&older).await;
    history.save(&newer).await;

    history.save(&older).await;

    let accepted = [older, newer];
    assert_eq!(history.steps(&report).await, accepted[1..]);
    assert_eq!(history.trail(&report).await, accepted);
}

/// The same ID for another step is a conflict.
pub async fn an_id_reused_for_another_step_is_a_conflict(history: &History) {
    let writer = Writer::default();
    let entry = writer.step(&task("report"), 1, Running);
    let other = writer.step(&task("report"), 2, Running).under(entry.id);

    assert_refused(history, &entry, &other).await;
}

/// The same ID for another task of the user is a conflict, and that task remains unknown.
pub async fn an_id_reused_for_another_task_is_a_conflict(history: &History) {
    let writer = Writer::default();
    let entry = writer.step(&task("report"), 1, Running);
    let other = writer.step(&task("invoice"), 1, Running).under(entry.id);

    assert_refused(history, &entry, &other).await;
    assert_eq!(history.status(&other.task).await, None);
}

/// The same ID with a different step result is a conflict, whichever part differs.
pub async fn an_id_reused_for_another_step_result_is_a_conflict(history: &History) {
    let failed = Writer::default().step(&task("report"), 1, Failed);
    let entry = failed.failing(ErrorCode::TIMEOUT);
    let document = serde_json::to_value(&entry.step_result).unwrap();
    let changes = [
        ("step", json!("parse")),
        ("result", json!({ "pages": 2 })),
        ("completed", json!(true)),
        ("message", json!("two pages")),
        ("status", json!("cancelled")),
        ("error_code", json!("E006")),
        ("error_message", json!("")),
    ];

    for (key, value) in changes {
        let mut other = document.clone();
        other[key] = value;
        let other = serde_json::from_value(other).unwrap();
        assert_refused(history, &entry, &entry.clone().with(other)).await;
    }
}

/// A different number literal is a different result: 1 and 1.0 under one ID are a conflict.
pub async fn an_id_reused_for_another_number_literal_is_a_conflict(history: &History) {
    let entry = Writer::default().step(&task("report"), 1, Running);

    let (whole, float) = (json!([1, 100]), json!([1.0, 100]));
    let (entry, other) = (entry.clone().giving(whole), entry.giving(float));

    assert_refused(history, &entry, &other).await;
}

/// An ID is unique within its user: under another user it is another entry.
pub async fn the_same_id_under_another_user_is_another_entry(history: &History) {
    let writer = Writer::default();
    let alices = writer.step(&task_of("alice", "report"), 1, Running);
    let bobs = writer
        .step(&task_of("bob", "invoice"), 2, Failed)
        .under(alices.id);

    history.save(&alices).await;
    history.save(&bobs).await;

    assert_eq!(history.trail(&alices.task).await, [alices]);
    assert_eq!(history.trail(&bobs.task).await, [bobs]);
}

/// Saves `entry`, and panics unless `other` then fails with a conflict and without any effect.
async fn assert_refused(history: &History, entry: &HistoryEntry, other: &HistoryEntry) {
    history.save(entry).await;
    let before = history.snapshot().await;

    let answer = history.port().save(other).await;

    assert_conflict(answer, operation::SAVE, entry.id);
    assert_eq!(history.snapshot().await, before);
}
