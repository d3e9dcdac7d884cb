//! Adding dependencies.

use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::TaskState::{
    self, Blocked, Cancelled, Completed, Failed, Ready, Skipped, TimedOut,
};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{Dependency, DependencyChange};
use tasktrail_domain::task_history::TaskStatus;

use super::board::Board;
use super::expected::{end, made_ready, made_skipped, success};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, task_id, task_ids};

/// A ready task becomes blocked if an added dependency is open, and ready again when that ends. Its
/// dependencies are sorted, and `updated_at` is the time of the write; the version is unchanged.
pub async fn a_ready_task_is_blocked_by_an_open_prerequisite(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b", "c"].map(new_task)).await;
    board.start("a").await;
    let mut expected = board.get("c").await;

    let changed = board.add("c", [end("b"), success("a")]).await;

    assert_eq!(changed, changed_to(Blocked, []));
    expected.dependencies = vec![success("a"), end("b")];
    expected.updated_at = board.last().at;
    expected.progress.state = Blocked;
    expected.progress.open_dependencies = 2;
    expected.progress.due_at = None;
    expected.progress.changed_at = board.last().at;
    assert_eq!(board.get("c").await, expected);
    let entry = added("c", Ready, Blocked, &expected.dependencies);
    assert_eq!(board.changes().await, [entry]);
    board.assert_sound().await;
}

/// A blocked task with another open dependency stays blocked since the time since which it is.
pub async fn a_blocked_task_may_wait_for_more(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a")]).await;
    let since = board.last().at;

    let changed = board.add("c", [success("b")]).await;

    assert_eq!(changed, changed_to(Blocked, []));
    let progress = board.progress("c").await;
    assert_eq!(
        (progress.open_dependencies, progress.changed_at),
        (2, since)
    );
    let entry = added("c", Blocked, Blocked, &[success("b")]);
    assert_eq!(board.changes().await, [entry]);
    board.complete("b").await;
    assert_eq!(board.state("c").await, Blocked);
    board.complete("a").await;
    assert_eq!(board.state("c").await, Ready);
    board.assert_sound().await;
}

/// A dependency that is met already leaves a ready task ready, due as before.
pub async fn a_dependency_that_is_met_leaves_the_task_ready(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given_in(Completed, "a").await;
    board.given_in(Failed, "b").await;
    board.given([new_task("c")]).await;
    let before = board.progress("c").await;

    let changed = board.add("c", [success("a"), end("b")]).await;

    assert_eq!(changed, changed_to(Ready, []));
    assert_eq!(board.progress("c").await, before);
    let dependencies = board.get("c").await.dependencies;
    assert_eq!(dependencies, [success("a"), end("b")]);
    let entry = added("c", Ready, Ready, &dependencies);
    assert_eq!(board.changes().await, [entry]);
    board.assert_sound().await;
}

/// A task is skipped at once if a prerequisite that has to succeed ended otherwise, and so are the
/// tasks that need it. Those that wait for its end become ready.
pub async fn a_dependency_that_cannot_be_met_skips_the_task(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for (state, from) in [
        (Failed, Ready),
        (Cancelled, Blocked),
        (TimedOut, Ready),
        (Skipped, Ready),
    ] {
        let [other, first, task, needs, follows] =
            ["other", "first", "task", "needs", "follows"].map(|name| format!("{state} {name}"));
        board.given_in(state, &first).await;
        board.given([new_task(&other)]).await;
        let subject = if from == Blocked {
            new_task(&task).after(&other)
        } else {
            new_task(&task)
        };
        board
            .given([
                subject,
                new_task(&needs).after(&task),
                new_task(&follows).after_end_of(&task),
            ])
            .await;

        let changed = board.add(&task, [success(&first)]).await;

        assert_eq!(changed, changed_to(Skipped, [needs.as_str()]), "{state}");
        let entries = [
            added(&task, from, Skipped, &[success(&first)]),
            made_ready(&follows),
            made_skipped(&needs),
        ];
        assert_eq!(board.changes().await, entries, "{state}");
        let finish = Some((TaskStatus::Cancelled, board.last().at));
        assert_eq!(board.finish_of(&task).await, finish, "{state}");
        assert_eq!(board.finish_of(&needs).await, finish, "{state}");
        assert_eq!(board.finish_of(&follows).await, None, "{state}");
    }
    board.assert_sound().await;
}

/// A dependency that the task has already changes nothing: only the new ones are in the audit log,
/// and without new ones there is no entry.
pub async fn a_dependency_that_exists_changes_nothing(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["a", "b"].map(new_task)).await;
    board.given([new_task("c").after("a")]).await;
    let before = board.get("c").await;

    for known in [vec![], vec![success("a")], vec![success("a"), success("a")]] {
        assert_eq!(board.add("c", known).await, changed_to(Blocked, []));
        assert_eq!(board.get("c").await, before);
        assert_eq!(board.changes().await, []);
    }
    let changed = board.add("c", [end("b"), success("a"), end("b")]).await;

    assert_eq!(changed, changed_to(Blocked, []));
    let entry = added("c", Blocked, Blocked, &[end("b")]);
    assert_eq!(board.changes().await, [entry]);
    assert_eq!(board.get("c").await.dependencies, [success("a"), end("b")]);
    board.assert_sound().await;
}

fn changed_to<const N: usize>(state: TaskState, skipped: [&str; N]) -> DependencyChange {
    let skipped: Vec<TaskId> = task_ids(skipped);
    DependencyChange::Changed { state, skipped }
}

fn added(id: &str, from: TaskState, to: TaskState, dependencies: &[Dependency]) -> Change {
    Change::dependencies_added(&task_id(id), from, to, dependencies)
}
