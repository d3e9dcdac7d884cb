//! Writes that are repeated with the same id.

use serde_json::json;
use tasktrail_domain::orchestration::TaskState::{Assigned, Blocked, Ready};
use tasktrail_domain::orchestration::Version;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, DependencyChange, PlanOutcome, Priority, ResumeOutcome, Task,
    TaskChange, TaskChanges,
};
use tasktrail_domain::write::WriteContext;

use super::board::Board;
use super::expected::success;
use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, document, new_task, plan, task_ids};

/// A repeated creation changes nothing and returns the current states.
pub async fn a_repeated_creation_returns_the_current_states(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let first = board.last();
    board.assign("a").await;

    let again = ports
        .create(&first, &user("alice"), &plan([new_task("a")]))
        .await;

    let PlanOutcome::Known { tasks } = again else {
        panic!("{again:?}")
    };
    assert_eq!(tasks[0].state, Assigned);
    assert_eq!(ports.changes_of(&first).await.len(), 1);
    board.assert_sound().await;
}

/// A repeated update returns the first version, also after another update, which it does not undo.
pub async fn a_repeated_update_returns_the_first_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    let two = TaskChange::Changed {
        version: Version::DEFAULT.next(),
    };
    let mut changes = with_priority(1);
    changes.expected = Some(Version::DEFAULT);
    assert_eq!(board.update("a", &changes).await, two);
    let first = board.last();
    board.update("a", &with_priority(2)).await;
    board.cancel("a").await;
    let before = board.get("a").await;

    let again = ports.update_task(&first, &task("a"), &changes).await;

    assert_eq!(again, two);
    assert_unchanged(&board, &first, "a", before).await;
}

/// A repeated addition of dependencies returns the first answer, also after the task was changed.
pub async fn a_repeated_addition_returns_the_first_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;
    let blocked = DependencyChange::Changed {
        state: Blocked,
        skipped: Vec::new(),
    };
    assert_eq!(board.add("b", [success("a")]).await, blocked);
    let first = board.last();
    board.remove("b", ["a"]).await;
    let before = board.get("b").await;

    let again = ports
        .add_dependencies(&first, &task("b"), &[success("a")])
        .await;

    assert_eq!(again, blocked);
    assert_unchanged(&board, &first, "b", before).await;
}

/// A repeated removal of dependencies returns the first answer, also after the task was changed.
pub async fn a_repeated_removal_returns_the_first_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b").after("a")]).await;
    let ready = DependencyChange::Changed {
        state: Ready,
        skipped: Vec::new(),
    };
    assert_eq!(board.remove("b", ["a"]).await, ready);
    let first = board.last();
    board.add("b", [success("a")]).await;
    let before = board.get("b").await;

    let again = ports
        .remove_dependencies(&first, &task("b"), &task_ids(["a"]))
        .await;

    assert_eq!(again, ready);
    assert_unchanged(&board, &first, "b", before).await;
}

/// A repeated cancel returns the previous state, the descendants and the skipped tasks, as the
/// first one did. A cancel with another id finds the task ended.
pub async fn a_repeated_cancel_returns_the_first_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let part = new_task("part").part_of("a");
    board
        .given([new_task("a"), part, new_task("next").after("a")])
        .await;
    board.start("a").await;
    let cancelled = board.cancel_with_descendants("a").await;
    let first = board.last();
    let before = board.get("a").await;

    let again = ports
        .cancel(&first, &task("a"), CancelScope::Descendants)
        .await;

    let CancelOutcome::Cancelled {
        descendants,
        skipped,
        ..
    } = &cancelled
    else {
        panic!("{cancelled:?}")
    };
    assert_eq!(*descendants, task_ids(["part"]));
    assert_eq!(*skipped, task_ids(["next"]));
    assert_eq!(again, cancelled);
    assert_unchanged(&board, &first, "a", before).await;
}

/// A repeated resume returns the first answer, also while the task waits for another one.
pub async fn a_repeated_resume_returns_the_first_answer(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    board.ask("a").await;
    let answers = json!({ "approved": true });
    assert_eq!(board.resume("a", &answers).await, ResumeOutcome::Resumed);
    let first = board.last();
    board.ask("a").await;
    let before = board.get("a").await;

    let again = ports.resume(&first, &task("a"), &document(&answers)).await;

    assert_eq!(again, ResumeOutcome::Resumed);
    assert_unchanged(&board, &first, "a", before).await;
}

fn with_priority(priority: i64) -> TaskChanges {
    let mut changes = TaskChanges::default();
    changes.priority = Some(Priority::new(priority).unwrap());
    changes
}

async fn assert_unchanged(board: &Board<'_>, write: &WriteContext, id: &str, before: Task) {
    assert_eq!(board.get(id).await, before);
    // The call checks that no ordinal is there twice.
    assert!(!board.ports.changes_of(write).await.is_empty());
    board.assert_sound().await;
}
