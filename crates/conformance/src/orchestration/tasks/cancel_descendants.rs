//! Cancelling a task and its descendants.

use tasktrail_domain::orchestration::TaskState::{
    Assigned, Blocked, Cancelled, Completed, Ready, Running, Skipped, Waiting,
};
use tasktrail_domain::orchestration::task::CancelOutcome;

use super::board::Board;
use super::expected::{made_cancelled, made_ready, made_skipped};
use crate::fixture::{task_of, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan, task_ids};

/// The descendants are cancelled in whatever open state they are, and the slots of their agents are
/// free. Without the scope they are not.
pub async fn descendants_are_cancelled_in_each_open_state(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("release"),
            new_task("a").part_of("release"),
            new_task("b").part_of("a"),
            new_task("c").part_of("b").after("other"),
            new_task("d").part_of("release"),
            new_task("e").part_of("release"),
            new_task("other"),
        ])
        .await;
    board.assign("a").await;
    board.start("b").await;
    board.ask("d").await;

    let cancelled = board.cancel_with_descendants("release").await;

    let states = [
        ("a", Assigned),
        ("b", Running),
        ("c", Blocked),
        ("d", Waiting),
        ("e", Ready),
    ];
    let descendants = task_ids(states.map(|(id, _)| id));
    let (previous, skipped) = (Ready, Vec::new());
    let expected = CancelOutcome::Cancelled {
        previous,
        descendants,
        skipped,
    };
    assert_eq!(cancelled, expected);
    let mut entries = vec![made_cancelled("release", Ready)];
    entries.extend(states.map(|(id, state)| made_cancelled(id, state)));
    assert_eq!(board.changes().await, entries);
    assert_eq!(board.occupied().await, 0);
    assert_eq!(board.state("other").await, Ready);
    board.assert_sound().await;
}

/// Without the scope, the parts of a cancelled task stay as they are, and so does its parent.
pub async fn a_cancel_leaves_parts_and_parent_alone(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").part_of("a"),
            new_task("c").part_of("b"),
        ])
        .await;

    board.cancel("b").await;
    assert_eq!(
        board.states(["a", "b", "c"]).await,
        [Ready, Cancelled, Ready]
    );

    board.cancel_with_descendants("c").await;
    assert_eq!(board.state("a").await, Ready);
    board.assert_sound().await;
}

/// What ended stays as it ended. What is open below it is cancelled.
pub async fn open_descendants_of_ended_parts_are_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").part_of("a"),
            new_task("c").part_of("b"),
            new_task("d").part_of("c"),
        ])
        .await;
    board.complete("b").await;
    board.complete("c").await;

    let cancelled = board.cancel_with_descendants("a").await;

    let (previous, descendants, skipped) = (Ready, task_ids(["d"]), Vec::new());
    let expected = CancelOutcome::Cancelled {
        previous,
        descendants,
        skipped,
    };
    assert_eq!(cancelled, expected);
    let states = board.states(["a", "b", "c", "d"]).await;
    assert_eq!(states, [Cancelled, Completed, Completed, Cancelled]);
    board.assert_sound().await;
}

/// All are cancelled before their dependants are settled: a descendant that needs another one is
/// cancelled, not skipped. The dependants of all are settled together, sorted by task.
pub async fn dependants_of_all_are_settled_together(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("release"),
            new_task("x").part_of("release"),
            new_task("w").part_of("release").after("x"),
            new_task("after both")
                .after_end_of("x")
                .after_end_of("release"),
            new_task("needs w").after("w").after_end_of("release"),
            new_task("a needs").after("needs w"),
        ])
        .await;

    let cancelled = board.cancel_with_descendants("release").await;

    let expected = CancelOutcome::Cancelled {
        previous: Ready,
        descendants: task_ids(["w", "x"]),
        skipped: task_ids(["a needs", "needs w"]),
    };
    assert_eq!(cancelled, expected);
    let entries = [
        made_cancelled("release", Ready),
        made_cancelled("w", Blocked),
        made_cancelled("x", Ready),
        made_skipped("a needs"),
        made_ready("after both"),
        made_skipped("needs w"),
    ];
    assert_eq!(board.changes().await, entries);
    let states = board.states(["after both", "needs w"]).await;
    assert_eq!(states, [Ready, Skipped]);
    board.assert_sound().await;
}

/// A parent may depend on its parts: it is cancelled with them, not skipped.
pub async fn a_parent_that_needs_its_parts_is_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([new_task("a").after("b"), new_task("b").part_of("a")])
        .await;

    let cancelled = board.cancel_with_descendants("a").await;

    let (previous, descendants, skipped) = (Blocked, task_ids(["b"]), Vec::new());
    let expected = CancelOutcome::Cancelled {
        previous,
        descendants,
        skipped,
    };
    assert_eq!(cancelled, expected);
    assert_eq!(board.states(["a", "b"]).await, [Cancelled; 2]);
    board.assert_sound().await;
}

/// A tree may be deep and wide.
pub async fn a_deep_tree_is_cancelled_whole(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..400).map(|number| format!("{number:03}")).collect();
    let below = (1..400).map(|number| {
        let parent = if number <= 200 {
            number - 1
        } else {
            number / 2
        };
        new_task(&ids[number]).part_of(&ids[parent])
    });
    board.given(below.chain([new_task("000")])).await;

    let cancelled = board.cancel_with_descendants("000").await;

    let CancelOutcome::Cancelled { descendants, .. } = cancelled else {
        panic!("{cancelled:?}")
    };
    assert_eq!(descendants, task_ids(ids[1..].iter().map(String::as_str)));
    board.assert_sound().await;
}

/// The descendants of a task are those of its owner.
pub async fn parts_of_another_owner_are_not_cancelled(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let tasks = || plan([new_task("a"), new_task("b").part_of("a")]);
    ports.create(&board.next(), &user("bob"), &tasks()).await;
    board.given(tasks().tasks().to_vec()).await;

    board.cancel_with_descendants("a").await;

    assert_eq!(board.states(["a", "b"]).await, [Cancelled; 2]);
    for id in ["a", "b"] {
        assert_eq!(ports.task(&task_of("bob", id)).await.progress.state, Ready);
    }
}
