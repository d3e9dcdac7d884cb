//! Removal in batches.

use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::task::{CancelScope, RemovedTasks, TaskRetention};
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::Scope;
use tasktrail_domain::timestamp::Timestamp;

use super::board::Board;
use super::retention::{everything, remaining};
use crate::fixture::{page, task, task_of, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{EditTask, new_task, plan_of};

/// A batch examines at most as many tasks as the page has items, in the order of their keys, and
/// returns the last one if another one follows.
pub async fn a_batch_examines_as_many_tasks_as_a_page_has(ports: &Orchestration) {
    let board = Board::of(ports).await;
    given_cancelled(&board, &["a", "b", "c", "d", "e"]).await;

    let mut removed = Vec::new();
    let mut request = Some(page(2));
    while let Some(batch) = request {
        let answer = ports.remove_expired(&everything(), &batch).await;
        request = batch.next(answer.next.clone());
        removed.push(answer);
    }

    let expected = [
        RemovedTasks::new(2, Some(task("b"))),
        RemovedTasks::new(2, Some(task("d"))),
        RemovedTasks::new(1, None),
    ];
    assert_eq!(removed, expected);
    assert_eq!(remaining(ports).await, Vec::<String>::new());
}

/// After the last covered task there is no next one, even if the batch is full.
pub async fn the_last_batch_of_tasks_has_no_next(ports: &Orchestration) {
    let board = Board::of(ports).await;
    given_cancelled(&board, &["a", "b"]).await;
    board.given([new_task("c")]).await;

    let removed = ports.remove_expired(&everything(), &page(2)).await;

    assert_eq!(removed, RemovedTasks::new(2, None));
    let removed = ports.remove_expired(&everything(), &page(2)).await;
    assert_eq!(removed, RemovedTasks::default());
}

/// A covered task that is kept counts as examined, so that a batch of them ends.
pub async fn a_kept_task_counts_as_examined(ports: &Orchestration) {
    let board = Board::of(ports).await;
    given_cancelled(&board, &["a", "b", "c", "d"]).await;
    board
        .given([new_task("x")
            .after_end_of("a")
            .after_end_of("b")
            .part_of("d")])
        .await;

    let first = ports.remove_expired(&everything(), &page(2)).await;
    assert_eq!(first, RemovedTasks::new(0, Some(task("b"))));
    let next = page(2).next(first.next).unwrap();
    let second = ports.remove_expired(&everything(), &next).await;
    assert_eq!(second, RemovedTasks::new(1, None));

    assert_eq!(remaining(ports).await, ["x", "d", "b", "a"]);
    board.assert_sound().await;
}

/// A batch starts after its cursor, even if no such task exists, and keeps earlier tasks.
pub async fn a_batch_of_tasks_starts_after_its_cursor(ports: &Orchestration) {
    let board = Board::of(ports).await;
    given_cancelled(&board, &["a", "b", "c", "d"]).await;

    for (cursor, left) in [
        ("e", "dcba"),
        ("c", "cba"),
        ("bb", "ba"),
        ("b", "ba"),
        ("A", ""),
    ] {
        let batch = page(10).next(Some(task(cursor))).unwrap();
        ports.remove_expired(&everything(), &batch).await;

        assert_eq!(remaining(ports).await.concat(), left, "after {cursor}");
    }
}

/// Tasks of all owners are removed in the order of their keys: by owner, then by id, each compared
/// byte by byte.
pub async fn tasks_of_all_owners_are_removed_in_order(ports: &Orchestration) {
    let board = Board::of(ports).await;
    let mut keys: Vec<TaskKey> = Vec::new();
    for owner in ["B", "a", "a b", "ab", "é", "z"] {
        let ids = ["Z", "a", "é"];
        ports
            .create(&board.next(), &user(owner), &plan_of(ids))
            .await;
        for id in ids {
            let key = task_of(owner, id);
            ports.cancel(&board.next(), &key, CancelScope::Task).await;
            keys.push(key);
        }
    }
    keys.sort();
    let of_all = TaskRetention::ended_before(Scope::Everyone, Timestamp::MAX);

    let mut batch = page(1);
    for key in &keys {
        let removed = ports.remove_expired(&of_all, &batch).await;

        assert_eq!(removed.tasks, 1, "{key}");
        assert_eq!(ports.find_task(key).await, None, "{key}");
        let last = Some(key) == keys.last();
        assert_eq!(removed.next, (!last).then(|| key.clone()));
        batch = PageRequest {
            after: removed.next,
            ..batch
        };
    }
}

/// A removal can stop, and start from the beginning later.
pub async fn a_removal_of_tasks_can_restart(ports: &Orchestration) {
    let board = Board::of(ports).await;
    given_cancelled(&board, &["a", "b", "c"]).await;
    ports.remove_expired(&everything(), &page(1)).await;

    let removed = ports.remove_expired(&everything(), &page(10)).await;

    assert_eq!(removed, RemovedTasks::new(2, None));
}

/// Creates tasks, and cancels them.
async fn given_cancelled(board: &Board<'_>, ids: &[&str]) {
    board.given(ids.iter().map(|id| new_task(id))).await;
    for id in ids {
        board.cancel(id).await;
    }
}
