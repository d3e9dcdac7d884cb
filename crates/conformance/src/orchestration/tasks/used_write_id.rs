//! Ids of writes that were used before.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::Ready;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, PlanOutcome, Priority, TaskChanges, operation,
};

use super::board::Board;
use super::expected::success;
use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{
    EditTask, assert_write_conflict, document, new_task, plan, task_ids,
};

/// The id of a write that was used for another task is a conflict, for each method.
pub async fn an_id_used_for_another_task_is_a_conflict(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    let plan = plan([new_task("c")]);
    let created = ports
        .tasks
        .create(&board.last(), &user("alice"), &plan)
        .await;
    assert_write_conflict(created, operation::CREATE, &board.last());

    board.update("a", &with_priority(1)).await;
    let updated = ports
        .tasks
        .update(&board.last(), &task("b"), &with_priority(1))
        .await;
    assert_write_conflict(updated, operation::UPDATE, &board.last());

    board.add("a", [success("b")]).await;
    let added = ports
        .tasks
        .add_dependencies(&board.last(), &task("b"), &[])
        .await;
    assert_write_conflict(added, operation::ADD_DEPENDENCIES, &board.last());

    board.remove("a", ["b"]).await;
    let removed = ports
        .tasks
        .remove_dependencies(&board.last(), &task("b"), &[])
        .await;
    assert_write_conflict(removed, operation::REMOVE_DEPENDENCIES, &board.last());

    board.ask("a").await;
    board.resume("a", &json!({})).await;
    let resumed = ports
        .tasks
        .resume(&board.last(), &task("b"), &document(&json!({})))
        .await;
    assert_write_conflict(resumed, operation::RESUME, &board.last());

    board.cancel("a").await;
    let cancelled = ports
        .tasks
        .cancel(&board.last(), &task("b"), CancelScope::Task)
        .await;
    assert_write_conflict(cancelled, operation::CANCEL, &board.last());

    assert_eq!(board.state("b").await, Ready);
    assert_eq!(ports.find_task(&task("c")).await, None);
    board.assert_sound().await;
}

/// The id of a write that was used for another method is a conflict, also for the same task.
pub async fn an_id_used_for_another_method_is_a_conflict(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    let (created, a) = (board.last(), task("a"));

    let answer = ports.tasks.update(&created, &a, &with_priority(1)).await;
    assert_write_conflict(answer, operation::UPDATE, &created);
    let answer = ports
        .tasks
        .add_dependencies(&created, &a, &[success("b")])
        .await;
    assert_write_conflict(answer, operation::ADD_DEPENDENCIES, &created);
    let answer = ports.tasks.remove_dependencies(&created, &a, &[]).await;
    assert_write_conflict(answer, operation::REMOVE_DEPENDENCIES, &created);
    let answer = ports
        .tasks
        .resume(&created, &a, &document(&json!({})))
        .await;
    assert_write_conflict(answer, operation::RESUME, &created);
    let answer = ports.tasks.cancel(&created, &a, CancelScope::Task).await;
    assert_write_conflict(answer, operation::CANCEL, &created);

    board.update("a", &with_priority(1)).await;
    let plan = plan([new_task("c")]);
    let answer = ports
        .tasks
        .create(&board.last(), &user("alice"), &plan)
        .await;
    assert_write_conflict(answer, operation::CREATE, &board.last());
    assert_eq!(ports.find_task(&task("c")).await, None);
    assert_eq!(board.state("a").await, Ready);
    board.assert_sound().await;
}

/// A write that changed nothing leaves no entry, and its id can be used for another write.
pub async fn a_write_that_changed_nothing_leaves_no_trace(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b").after("a")]).await;
    let context = board.next();
    let (a, b) = (task("a"), task("b"));

    ports
        .create(&context, &user("alice"), &plan([new_task("a")]))
        .await;
    ports.update_task(&context, &a, &with_priority(0)).await;
    ports.add_dependencies(&context, &b, &[success("a")]).await;
    ports
        .remove_dependencies(&context, &a, &task_ids(["b"]))
        .await;
    ports.resume(&context, &a, &document(&json!({}))).await;
    ports
        .cancel(&context, &task("unknown"), CancelScope::Task)
        .await;

    assert_eq!(board.changes().await, []);
    let cancelled = ports.cancel(&context, &b, CancelScope::Task).await;
    assert!(
        matches!(cancelled, CancelOutcome::Cancelled { .. }),
        "{cancelled:?}"
    );
}

/// The same id of a write under another owner is another write.
pub async fn the_same_write_id_under_another_owner_is_another_write(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;

    let created = ports
        .create(&board.last(), &user("bob"), &plan([new_task("z")]))
        .await;

    assert!(
        matches!(created, PlanOutcome::Created { .. }),
        "{created:?}"
    );
}

fn with_priority(priority: i64) -> TaskChanges {
    let mut changes = TaskChanges::default();
    changes.priority = Some(Priority::new(priority).unwrap());
    changes
}
