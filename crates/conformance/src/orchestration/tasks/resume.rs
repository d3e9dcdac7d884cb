//! Resuming a task that waits for an answer.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::{
    Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut, Waiting,
};
use tasktrail_domain::orchestration::Version;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::ResumeOutcome;

use super::board::Board;
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{attempt, document, new_task, task_id};

/// A resumed task is ready, due at the time of the write, with the answers in its context. Its
/// version increases.
pub async fn a_resumed_task_is_ready_with_the_answers(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut subject = new_task("a");
    subject.definition.context = document(&json!({ "kept": [1], "answers": { "old": 1 } }));
    board.given([subject]).await;
    board.ask("a").await;
    assert_eq!(board.occupied().await, 0);
    let mut expected = board.get("a").await;
    let answers = json!({ "approved": true, "by": { "name": "x" } });

    assert_eq!(board.resume("a", &answers).await, ResumeOutcome::Resumed);

    let now = board.last().at;
    expected.definition.context = document(&json!({
        "kept": [1],
        "answers": { "old": 1, "approved": true, "by": { "name": "x" } },
    }));
    expected.version = Version::DEFAULT.next();
    expected.updated_at = now;
    expected.progress.state = Ready;
    expected.progress.due_at = Some(now);
    expected.progress.changed_at = now;
    assert_eq!(board.get("a").await, expected);
    let entry = Change::resumed(&task_id("a"), &document(&answers));
    assert_eq!(board.changes().await, [entry]);
    assert_eq!(board.assign("a").await, attempt(2));
    board.assert_sound().await;
}

/// Later answers replace earlier ones with the same key, whole, and keep the others.
pub async fn later_answers_replace_those_with_the_same_key(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let answers = [
        json!({ "first": 1, "who": { "a": 1 } }),
        json!({ "who": { "b": null }, "last": [2.0] }),
    ];

    for answers in &answers {
        board.ask("a").await;
        board.resume("a", answers).await;
    }

    let context = board.get("a").await.definition.context;
    let answers = json!({ "first": 1, "who": { "b": null }, "last": [2] });
    assert_eq!(context, document(&json!({ "answers": answers })));
}

/// A member `answers` that is not an object is replaced.
pub async fn answers_that_are_not_an_object_are_replaced(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut subject = new_task("a");
    subject.definition.context = document(&json!({ "answers": "none" }));
    board.given([subject]).await;
    board.ask("a").await;

    board.resume("a", &json!({ "b": 1 })).await;

    let context = board.get("a").await.definition.context;
    assert_eq!(context, document(&json!({ "answers": { "b": 1 } })));
}

/// A resume whose answers are known already changes only the state: the version stays.
pub async fn equal_answers_do_not_increase_the_version(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let answers = json!({ "b": 1 });
    board.ask("a").await;
    board.resume("a", &answers).await;
    let before = board.get("a").await;

    board.ask("a").await;
    assert_eq!(board.resume("a", &answers).await, ResumeOutcome::Resumed);

    let after = board.get("a").await;
    assert_eq!(after.definition, before.definition);
    assert_eq!(after.version, before.version);
    assert_eq!(after.updated_at, before.updated_at);
    assert_eq!(after.progress.state, Ready);
    board.assert_sound().await;
}

/// A task that is not waiting is not resumed. Its state is returned.
pub async fn only_a_waiting_task_is_resumed(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [
        Blocked, Ready, Assigned, Running, Completed, Failed, Cancelled, TimedOut, Skipped,
    ] {
        let id = state.as_str();
        board.given_in(state, id).await;
        let before = board.get(id).await;

        let refused = board.resume(id, &json!({ "a": 1 })).await;

        assert_eq!(refused, ResumeOutcome::NotWaiting { state });
        assert_eq!(board.get(id).await, before);
        assert_eq!(board.changes().await, []);
    }
}

/// Answers that would make the context longer than a document may be are refused, and change
/// nothing.
pub async fn answers_that_are_too_large_are_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut subject = new_task("a");
    subject.definition.context = document(&json!({ "text": "x".repeat(40_000) }));
    board.given([subject]).await;
    board.ask("a").await;
    let before = board.get("a").await;

    let long = json!({ "text": "y".repeat(40_000) });
    assert_eq!(board.resume("a", &long).await, ResumeOutcome::TooLarge);

    assert_eq!(board.get("a").await, before);
    assert_eq!(board.changes().await, []);
    assert_eq!(board.state("a").await, Waiting);
    let short = board
        .resume("a", &json!({ "text": "y".repeat(20_000) }))
        .await;
    assert_eq!(short, ResumeOutcome::Resumed);
    board.assert_sound().await;
}

/// An unknown task is not resumed.
pub async fn an_unknown_task_is_not_resumed(ports: &Orchestration) {
    let board = Board::of(ports).await;

    assert_eq!(board.resume("a", &json!({})).await, ResumeOutcome::Unknown);

    assert_eq!(ports.find_task(&task("a")).await, None);
    assert_eq!(board.changes().await, []);
}
