//! Which tasks a removal covers, and what it keeps.

use tasktrail_domain::orchestration::TaskState::{
    self, Cancelled, Completed, Failed, Ready, Skipped,
};
use tasktrail_domain::orchestration::TaskStateSet;
use tasktrail_domain::orchestration::task::{CancelScope, RemovedTasks, TaskFilter, TaskRetention};
use tasktrail_domain::task_history::Scope;
use tasktrail_domain::timestamp::Timestamp;

use super::board::Board;
use super::list::listed;
use crate::fixture::{INSTANT, page, task_of, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan_of};

/// Only tasks that ended before the cutoff are removed, whenever they were created. One that ended
/// at the cutoff is kept.
pub async fn only_tasks_that_ended_before_the_cutoff_are_removed(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board.given(["early", "late", "open"].map(new_task)).await;
    board.complete("early").await;
    board.complete("late").await;
    let ended = board.last().at;

    assert_eq!(remove(ports, &ended_before(ended)).await, 1);
    assert_eq!(remaining(ports).await, ["open", "late"]);
    assert_eq!(remove(ports, &ended_before(ended)).await, 0);
    assert_eq!(
        remove(ports, &ended_before(ended.saturating_add(INSTANT))).await,
        1
    );
    assert_eq!(remaining(ports).await, ["open"]);
    board.assert_sound().await;
}

/// An open task is never removed, whatever its state.
pub async fn an_open_task_is_not_removed(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let open: Vec<TaskState> = TaskStateSet::open().iter().collect();
    for state in &open {
        board.given_in(*state, state.as_str()).await;
    }
    let before = remaining(ports).await;

    assert_eq!(remove(ports, &everything()).await, 0);

    assert_eq!(remaining(ports).await, before);
    board.assert_sound().await;
}

/// Only tasks in the states of the retention are removed.
pub async fn tasks_in_other_states_are_kept(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in TaskStateSet::ALL.iter().filter(|state| state.is_ended()) {
        board.given_in(state, state.as_str()).await;
    }
    let some = everything().with_states(TaskStateSet::only([Completed, Skipped, Ready]));

    assert_eq!(remove(ports, &some).await, 2);

    let left = ["skipped first", "timed_out", "cancelled", "failed"];
    assert_eq!(remaining(ports).await, left);
    board.assert_sound().await;
}

/// A task is kept while it is a prerequisite of an open task, and removed after that.
pub async fn a_prerequisite_of_an_open_task_is_kept(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b"),
            new_task("c").after("a").after_end_of("b").after("d"),
            new_task("d").after("e"),
            new_task("e"),
        ])
        .await;
    board.complete("a").await;
    board.fail("b").await;
    board.complete("e").await;
    assert_eq!(remove(ports, &everything()).await, 0);

    board.complete("d").await;
    assert_eq!(remove(ports, &everything()).await, 1);
    assert_eq!(remaining(ports).await, ["d", "c", "b", "a"]);
    board.assert_sound().await;

    board.complete("c").await;
    assert_eq!(remove(ports, &everything()).await, 4);
    board.assert_sound().await;
}

/// A task is kept while it is the parent of an open task, and removed after that.
pub async fn a_parent_of_an_open_task_is_kept(ports: &Orchestration) {
    let board = Board::of(ports).await;
    board
        .given([
            new_task("a"),
            new_task("b").part_of("a"),
            new_task("c").part_of("b"),
        ])
        .await;
    board.complete("a").await;
    board.complete("b").await;

    assert_eq!(remove(ports, &everything()).await, 1);
    assert_eq!(remaining(ports).await, ["c", "b"]);

    board.complete("c").await;
    assert_eq!(remove(ports, &everything()).await, 2);
    board.assert_sound().await;
}

/// A removal for one owner keeps the tasks of others. One for everyone does not.
pub async fn a_removal_for_one_owner_keeps_the_tasks_of_others(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for owner in ["alice", "alice 2", "bob"] {
        ports
            .create(&board.next(), &user(owner), &plan_of(["a"]))
            .await;
        ports
            .cancel(&board.next(), &task_of(owner, "a"), CancelScope::Task)
            .await;
    }
    assert_eq!(ports.expired(&everything()).await, 1);

    assert_eq!(remove(ports, &everything()).await, 1);
    for owner in ["alice 2", "bob"] {
        let state = ports.task(&task_of(owner, "a")).await.progress.state;
        assert_eq!(state, Cancelled, "{owner}");
    }

    let of_all = TaskRetention::ended_before(Scope::Everyone, Timestamp::MAX);
    assert_eq!(ports.expired(&of_all).await, 2);
    assert_eq!(remove(ports, &of_all).await, 2);
    assert_eq!(ports.find_task(&task_of("bob", "a")).await, None);
}

/// The count of expired tasks is the number that a removal removes. It removes nothing.
pub async fn expired_tasks_are_counted_without_removing_them(ports: &Orchestration) {
    let board = Board::of(ports).await;
    for state in TaskStateSet::ALL.iter() {
        board.given_in(state, state.as_str()).await;
    }
    board
        .given([new_task("open").after("completed").part_of("cancelled")])
        .await;
    let cutoff = board.progress("skipped").await.changed_at;
    let failed = everything().with_states(Failed);
    let retentions = [
        ended_before(Timestamp::MIN),
        failed,
        ended_before(cutoff),
        everything(),
    ];
    let mut expected = [0, 2, 1, 1].into_iter();
    for retention in &retentions {
        let before = remaining(ports).await;

        let expired = ports.expired(retention).await;

        assert_eq!(Some(expired), expected.next(), "{retention:?}");
        assert_eq!(remaining(ports).await, before);
        assert_eq!(remove(ports, retention).await, expired, "{retention:?}");
    }
    assert_eq!(ports.expired(&everything()).await, 0);
    board.assert_sound().await;
}

/// Covers all tasks of alice that have ended.
pub(super) fn everything() -> TaskRetention {
    ended_before(Timestamp::MAX)
}

pub(super) fn ended_before(cutoff: Timestamp) -> TaskRetention {
    TaskRetention::ended_before(Scope::User(user("alice")), cutoff)
}

/// Removes everything that a retention covers in one batch, and returns the number of tasks.
pub(super) async fn remove(ports: &Orchestration, retention: &TaskRetention) -> u64 {
    let removed = ports.remove_expired(retention, &page(1000)).await;
    assert_eq!(removed, RemovedTasks::new(removed.tasks, None));
    removed.tasks
}

/// Returns the ids of the tasks of alice, as they are listed.
pub(super) async fn remaining(ports: &Orchestration) -> Vec<String> {
    listed(ports, &TaskFilter::default()).await
}
