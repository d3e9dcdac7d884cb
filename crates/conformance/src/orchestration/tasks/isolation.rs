//! Owners do not see each other's tasks.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, DependencyChange, PlanOutcome, ResumeOutcome, TaskChange,
    TaskChanges, TaskFilter,
};

use super::board::Board;
use super::expected::{end, success};
use crate::fixture::{SIMILAR_USERS, task_of, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{
    EditTask, document, new_task, plan, plan_of, task_id, task_ids,
};

/// The task of another owner does not exist for any method.
pub async fn a_task_of_another_owner_does_not_exist(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    let key = task_of("bob", "a");

    let updated = ports
        .update_task(&board.next(), &key, &TaskChanges::default())
        .await;
    assert_eq!(updated, TaskChange::Unknown);
    let added = ports
        .add_dependencies(&board.next(), &key, &[success("b")])
        .await;
    assert_eq!(added, DependencyChange::Unknown);
    let removed = ports
        .remove_dependencies(&board.next(), &key, &task_ids(["b"]))
        .await;
    assert_eq!(removed, DependencyChange::Unknown);
    let cancelled = ports
        .cancel(&board.next(), &key, CancelScope::Descendants)
        .await;
    assert_eq!(cancelled, CancelOutcome::Unknown);
    let resumed = ports
        .resume(&board.next(), &key, &document(&json!({})))
        .await;
    assert_eq!(resumed, ResumeOutcome::Unknown);
    assert_eq!(ports.find_task(&key).await, None);
    assert_eq!(ports.graph(&key).await.tasks, []);
    let bob = user("bob");
    assert_eq!(ports.list_tasks(&bob, &TaskFilter::default()).await, []);
    assert!(ports.counts(&bob).await.is_empty());
    assert_eq!(board.states(["a", "b"]).await, [Ready; 2]);
}

/// A prerequisite or a parent of another owner does not exist.
pub async fn a_task_of_another_owner_is_no_prerequisite(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let bob = user("bob");

    let refused = ports
        .create(&board.next(), &bob, &plan([new_task("b").after("a")]))
        .await;
    let (task, prerequisite) = (task_id("b"), task_id("a"));
    assert_eq!(
        refused,
        PlanOutcome::UnknownPrerequisite { task, prerequisite }
    );
    let refused = ports
        .create(&board.next(), &bob, &plan([new_task("b").part_of("a")]))
        .await;
    let (task, parent) = (task_id("b"), task_id("a"));
    assert_eq!(refused, PlanOutcome::UnknownParent { task, parent });
    ports.create(&board.next(), &bob, &plan_of(["b"])).await;
    let added = ports
        .add_dependencies(&board.next(), &task_of("bob", "b"), &[end("a")])
        .await;
    let prerequisite = task_id("a");
    assert_eq!(
        added,
        DependencyChange::UnknownPrerequisite { prerequisite }
    );
}

/// The same tasks under similar owners are different tasks: an end settles those of its owner only.
pub async fn the_same_ids_under_similar_owners_are_different_tasks(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let tasks = plan([new_task("a"), new_task("b").after("a")]);
    for owner in SIMILAR_USERS {
        ports.create(&board.next(), &user(owner), &tasks).await;
    }

    for owner in SIMILAR_USERS.iter().rev().skip(1).step_by(2) {
        let key = task_of(owner, "a");
        ports.cancel(&board.next(), &key, CancelScope::Task).await;
    }

    for (place, owner) in SIMILAR_USERS.iter().enumerate() {
        let counts = ports.counts(&user(owner)).await;
        let states: Vec<_> = counts.keys().map(|state| state.as_str()).collect();
        let expected = if place % 2 == 0 {
            ["cancelled", "skipped"]
        } else {
            ["blocked", "ready"]
        };
        assert_eq!(states, expected, "{owner}");
    }
}

/// Ids of tasks may hold any characters, and are compared byte by byte.
pub async fn ids_of_tasks_may_hold_any_characters(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let long = "x".repeat(255);
    let ids = [
        "A", "a", "a ", "'; --", "\"\\", "{1,NULL}", "\u{1}", "é", "e\u{301}", &long,
    ];
    let tasks: Vec<_> = ids.iter().map(|id| new_task(id)).collect();
    let last = ids.iter().fold(new_task("last"), |task, id| task.after(id));
    board.given(tasks.into_iter().chain([last])).await;

    for id in ids {
        assert_eq!(board.get(id).await.definition.title.as_str(), id);
        board.complete(id).await;
    }

    assert_eq!(board.state("last").await, Ready);
    board.assert_sound().await;
}
