//! Removing dependencies.

use tasktrail_domain::orchestration::TaskState::{
    self, Assigned, Blocked, Cancelled, Completed, Failed, Ready, Running, Skipped, TimedOut,
    Waiting,
};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{Dependency, DependencyChange};

use super::board::Board;
use super::expected::{end, success};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, task_id};

/// A blocked task becomes ready, due at the time of the write, if none of the remaining
/// dependencies is open.
pub async fn a_task_is_ready_without_open_dependencies(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given_in(Completed, "done").await;
    board.given(["a", "b"].map(new_task)).await;
    board
        .given([new_task("c").after("a").after("done").after_end_of("b")])
        .await;
    let mut expected = board.get("c").await;

    let changed = board.remove("c", ["b", "a"]).await;

    assert_eq!(changed, changed_to(Ready));
    let now = board.last().at;
    expected.dependencies = vec![success("done")];
    expected.updated_at = now;
    expected.progress.state = Ready;
    expected.progress.open_dependencies = 0;
    expected.progress.due_at = Some(now);
    expected.progress.changed_at = now;
    assert_eq!(board.get("c").await, expected);
    let entry = removed("c", Blocked, Ready, &[success("a"), end("b")]);
    assert_eq!(board.changes().await, [entry]);
    board.assert_sound().await;
}

/// A task stays blocked while another dependency is open, since the time since which it is.
pub async fn a_task_stays_blocked_by_the_remaining_dependencies(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a").after("b")]).await;
    let since = board.last().at;

    assert_eq!(board.remove("c", ["a"]).await, changed_to(Blocked));

    let progress = board.progress("c").await;
    assert_eq!(
        (progress.open_dependencies, progress.changed_at),
        (1, since)
    );
    let entry = removed("c", Blocked, Blocked, &[success("a")]);
    assert_eq!(board.changes().await, [entry]);
    board.complete("a").await;
    assert_eq!(board.state("c").await, Blocked);
    board.complete("b").await;
    assert_eq!(board.state("c").await, Ready);
    board.assert_sound().await;
}

/// A ready task without one of its dependencies is due as before.
pub async fn a_ready_task_is_due_as_before(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given_in(Completed, "a").await;
    board.given([new_task("b").after("a")]).await;
    let before = board.progress("b").await;

    assert_eq!(board.remove("b", ["a"]).await, changed_to(Ready));

    assert_eq!(board.progress("b").await, before);
    assert_eq!(board.get("b").await.dependencies, []);
    let entry = removed("b", Ready, Ready, &[success("a")]);
    assert_eq!(board.changes().await, [entry]);
    board.assert_sound().await;
}

/// A dependency that the task does not have is ignored: only the others are in the audit log, and
/// without others there is no entry.
pub async fn a_dependency_that_does_not_exist_is_ignored(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a")]).await;
    let before = board.get("c").await;

    for ids in [["b", "unknown"], ["c", "b"]] {
        assert_eq!(board.remove("c", ids).await, changed_to(Blocked));
        assert_eq!(board.get("c").await, before);
        assert_eq!(board.changes().await, []);
    }
    assert_eq!(board.remove("c", []).await, changed_to(Blocked));
    assert_eq!(board.changes().await, []);
    let some = board.remove("c", ["unknown", "a", "b", "a"]).await;
    assert_eq!(some, changed_to(Ready));
    let entry = removed("c", Blocked, Ready, &[success("a")]);
    assert_eq!(board.changes().await, [entry]);
}

/// The end of a removed prerequisite has no effect, also if it does not succeed.
pub async fn a_removed_prerequisite_has_no_effect(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").after("a"),
            new_task("c").after("b"),
        ])
        .await;

    board.remove("b", ["a"]).await;
    board.fail("a").await;

    assert_eq!(
        board.states(["a", "b", "c"]).await,
        [Failed, Ready, Blocked]
    );
    board.assert_sound().await;
}

/// Dependencies are removed from blocked and ready tasks only. The state of another task is
/// returned.
pub async fn a_removal_from_a_started_task_is_too_late(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in [
        Assigned, Running, Waiting, Completed, Failed, Cancelled, TimedOut, Skipped,
    ] {
        let id = state.as_str();
        board.given_in(state, id).await;
        let before = board.get(id).await;

        for ids in [["skipped first"], ["unknown"]] {
            let refused = board.remove(id, ids).await;

            assert_eq!(refused, DependencyChange::TooLate { state });
            assert_eq!(board.get(id).await, before);
            assert_eq!(board.changes().await, []);
        }
    }
    board.assert_sound().await;
}

/// Nothing is removed from an unknown task.
pub async fn nothing_is_removed_from_an_unknown_task(ports: &Orchestration) {
    let board = Board::of(ports).await;

    assert_eq!(board.remove("a", ["b"]).await, DependencyChange::Unknown);

    assert_eq!(ports.find_task(&task("a")).await, None);
    assert_eq!(board.changes().await, []);
}

const fn changed_to(state: TaskState) -> DependencyChange {
    let skipped = Vec::new();
    DependencyChange::Changed { state, skipped }
}

fn removed(id: &str, from: TaskState, to: TaskState, dependencies: &[Dependency]) -> Change {
    Change::dependencies_removed(&task_id(id), from, to, dependencies)
}
