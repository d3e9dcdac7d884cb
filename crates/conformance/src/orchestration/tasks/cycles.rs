//! Dependencies that would close a cycle.

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState::{Blocked, Cancelled, Ready};
use tasktrail_domain::orchestration::task::DependencyChange;

use super::board::Board;
use super::expected::{end, success};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, task_id, task_ids};

/// A task cannot depend on itself.
pub async fn a_task_cannot_depend_on_itself(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b")]).await;

    let refused = board.add("a", [success("b"), end("a")]).await;

    assert_eq!(refused, cycle(["a", "a"]));
    assert_eq!(board.get("a").await.dependencies, []);
    assert_eq!(board.changes().await, []);
}

/// A dependency that would close a cycle is refused with the tasks of the cycle, each of which
/// depends on the next one. None of the dependencies of the call is added.
pub async fn a_cycle_is_refused_with_its_tasks(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a").after("other"),
            new_task("c").after_end_of("b"),
            new_task("other"),
        ])
        .await;

    let refused = board.add("a", [success("other"), success("c")]).await;

    assert_eq!(refused, cycle(["a", "c", "b", "a"]));
    assert_eq!(board.state("a").await, Ready);
    assert_eq!(board.get("a").await.dependencies, []);
    assert_eq!(board.changes().await, []);
    let shorter = board.add("a", [end("b"), end("c")]).await;
    assert_eq!(shorter, cycle(["a", "b", "a"]));
    board.assert_sound().await;
}

/// A dependency on the tasks that a task's dependants do not lead to closes no cycle, in whatever
/// way they are connected otherwise.
pub async fn a_diamond_is_not_a_cycle(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("a"),
            new_task("d").after("b"),
        ])
        .await;

    let added = board.add("d", [success("c"), success("a")]).await;

    let skipped = Vec::new();
    assert_eq!(
        added,
        DependencyChange::Changed {
            state: Blocked,
            skipped
        }
    );
    assert_eq!(board.add("b", [success("d")]).await, cycle(["b", "d", "b"]));
    board.assert_sound().await;
}

/// Parentage is not a dependency: a task may depend on its parent, or the parent on it.
pub async fn parents_close_no_cycle(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").part_of("a"),
            new_task("c").part_of("a"),
        ])
        .await;

    for (task, prerequisite) in [("a", "b"), ("c", "a")] {
        let added = board.add(task, [success(prerequisite)]).await;

        let skipped = Vec::new();
        assert_eq!(
            added,
            DependencyChange::Changed {
                state: Blocked,
                skipped
            }
        );
    }
    board.assert_sound().await;
}

/// A cycle through a task that has ended is refused as well.
pub async fn a_cycle_through_an_ended_task_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b").after("a")]).await;
    board.cancel("b").await;
    assert_eq!(board.state("b").await, Cancelled);

    assert_eq!(board.add("a", [end("b")]).await, cycle(["a", "b", "a"]));

    assert_eq!(board.state("a").await, Ready);
}

/// After a dependency was removed, the opposite one closes no cycle.
pub async fn a_removed_dependency_closes_no_cycle(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("b").after("a")]).await;
    assert_eq!(board.add("a", [success("b")]).await, cycle(["a", "b", "a"]));

    board.remove("b", ["a"]).await;
    let added = board.add("a", [success("b")]).await;

    let skipped = Vec::new();
    assert_eq!(
        added,
        DependencyChange::Changed {
            state: Blocked,
            skipped
        }
    );
    board.assert_sound().await;
}

/// A cycle over 10 000 levels is found. A plan may have that many.
pub async fn a_cycle_over_10_000_levels_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..10_000).map(|level| format!("{level:04}")).collect();
    let chain = (1..).zip(&ids[1..]);
    let chain = chain.map(|(level, id): (usize, _)| new_task(id).after(&ids[level - 1]));
    board.given(chain.chain([new_task("0000")])).await;

    let refused = board.add("0000", [success("9999")]).await;

    let DependencyChange::Cycle { tasks } = refused else {
        panic!("{refused:?}")
    };
    let downwards: Vec<TaskId> = ids.iter().rev().map(|id| task_id(id)).collect();
    assert_eq!(tasks[0], task_id("0000"));
    assert_eq!(tasks[1..], downwards);
    assert_eq!(board.state("0000").await, Ready);
}

fn cycle<const N: usize>(ids: [&str; N]) -> DependencyChange {
    let tasks = task_ids(ids);
    DependencyChange::Cycle { tasks }
}
