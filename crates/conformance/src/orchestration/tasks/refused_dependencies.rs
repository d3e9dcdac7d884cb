//! Dependencies that are not added.

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState::{
    self, Assigned, Blocked, Cancelled, Completed, Failed, Running, Skipped, TimedOut, Waiting,
};
use tasktrail_domain::orchestration::task::{Dependency, DependencyChange};

use super::board::Board;
use super::expected::{end, success};
use crate::fixture::task;
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, task_id, task_ids};

/// A prerequisite that the task waits for in another way is refused, and named.
pub async fn a_dependency_that_differs_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a")]).await;
    let prerequisite = task_id("a");
    let refused = DependencyChange::Differs { prerequisite };
    assert_adds_nothing(&board, "c", vec![success("b"), end("a")], refused).await;

    // The first of repeated prerequisites decides.
    let prerequisite = task_id("b");
    let refused = DependencyChange::Differs { prerequisite };
    assert_adds_nothing(&board, "c", vec![end("b"), success("b")], refused).await;
}

/// A prerequisite that does not exist is refused, and named.
pub async fn an_unknown_prerequisite_is_refused(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("c")]).await;
    let prerequisite = task_id("unknown");
    let refused = DependencyChange::UnknownPrerequisite { prerequisite };

    assert_adds_nothing(
        &board,
        "c",
        vec![success("a"), end("unknown"), end("b")],
        refused,
    )
    .await;
}

/// Dependencies are added to blocked and ready tasks only. The state of another task is returned.
pub async fn dependencies_of_a_started_task_are_too_late(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;
    for state in [
        Assigned, Running, Waiting, Completed, Failed, Cancelled, TimedOut, Skipped,
    ] {
        let id = state.as_str();
        board.given_in(state, id).await;

        let refused = DependencyChange::TooLate { state };
        assert_adds_nothing(&board, id, vec![success("a")], refused.clone()).await;
        assert_adds_nothing(&board, id, vec![end("unknown")], refused.clone()).await;
        assert_adds_nothing(&board, id, vec![], refused).await;
    }
}

/// Nothing is added to an unknown task.
pub async fn an_unknown_task_gets_no_dependencies(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a")]).await;

    assert_eq!(
        board.add("b", [success("a")]).await,
        DependencyChange::Unknown
    );

    assert_eq!(ports.find_task(&task("b")).await, None);
    assert_eq!(board.changes().await, []);
}

/// Prerequisites are examined in the order given; then the number of dependencies; then cycles.
pub async fn prerequisites_are_examined_in_the_order_given(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given([new_task("a"), new_task("c").after("a")]).await;
    let (differs, unknown) = (task_id("a"), task_id("unknown"));
    let differs = DependencyChange::Differs {
        prerequisite: differs,
    };
    let unknown = DependencyChange::UnknownPrerequisite {
        prerequisite: unknown,
    };

    let both = [success("c"), end("a"), success("unknown")];
    assert_adds_nothing(&board, "c", both.to_vec(), differs).await;
    let both = [success("c"), success("unknown"), end("a")];
    assert_adds_nothing(&board, "c", both.to_vec(), unknown).await;
}

/// A task has at most 1000 dependencies, however they are added. More are refused.
pub async fn a_task_has_at_most_1000_dependencies(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let ids: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
    let prerequisites = ids.iter().map(|id| new_task(id));
    board
        .given(prerequisites.chain(["task", "last"].map(new_task)))
        .await;

    let some = board
        .add("task", ids[1..].iter().map(|id| success(id)))
        .await;
    assert_eq!(some, changed_to(Blocked, []));
    let refused = DependencyChange::TooLarge;
    assert_adds_nothing(
        &board,
        "task",
        vec![end("0000"), end("last")],
        refused.clone(),
    )
    .await;
    // Examined before cycles.
    assert_adds_nothing(&board, "task", vec![end("0000"), end("task")], refused).await;
    let all = board.add("task", ids.iter().map(|id| success(id))).await;
    assert_eq!(all, changed_to(Blocked, []));
    assert_eq!(board.progress("task").await.open_dependencies, 1000);
}

fn changed_to<const N: usize>(state: TaskState, skipped: [&str; N]) -> DependencyChange {
    let skipped: Vec<TaskId> = task_ids(skipped);
    DependencyChange::Changed { state, skipped }
}

/// Panics unless a call is refused as expected, and adds nothing.
async fn assert_adds_nothing(
    board: &Board<'_>,
    id: &str,
    dependencies: Vec<Dependency>,
    refused: DependencyChange,
) {
    let before = board.get(id).await;
    assert_eq!(board.add(id, dependencies).await, refused);
    assert_eq!(board.get(id).await, before);
    assert_eq!(board.changes().await, []);
}
