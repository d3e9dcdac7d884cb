//! Finishing several tasks at once.

use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::FinishOutcome::{AlreadyFinished, Finished};
use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{FinalStatus, Finish, FinishOutcome};

use crate::History;
use crate::fixture::{Writer, at, task, task_of};
use crate::parallel::{at_once, finishing_batch};

fn failed(second: u64) -> Finish {
    Finish {
        status: FinalStatus::Failed,
        at: at(second),
    }
}

fn already_finished(Finish { status, at }: Finish) -> FinishOutcome {
    AlreadyFinished { status, at }
}

fn open() -> FinishOutcome {
    Finished { previous: None }
}

/// An empty batch finishes nothing.
pub async fn an_empty_batch_finishes_nothing(history: &History) {
    assert_eq!(history.finish_batch(&[]).await, []);
}

/// The outcomes are in batch order, each with the previous status of its task.
pub async fn a_batch_returns_its_outcomes_in_order(history: &History) {
    let writer = Writer::default();
    history.save(&writer.step(&task("b"), 0, Running)).await;
    history.save(&writer.step(&task("c"), 0, Completed)).await;
    history
        .finish(&task("d"), FinalStatus::TimedOut, at(1))
        .await;
    let batch = ["c", "unknown", "d", "b"].map(|id| (task(id), failed(5)));

    let outcomes = history.finish_batch(&batch).await;

    let before = Finish {
        status: FinalStatus::TimedOut,
        at: at(1),
    };
    let previous = |status| Finished {
        previous: Some(status),
    };
    let expected = [
        previous(Completed),
        open(),
        already_finished(before),
        previous(Running),
    ];
    assert_eq!(outcomes, expected);
    for id in ["b", "c", "unknown"] {
        let status = history.status(&task(id)).await;
        assert_eq!(status, Some(FinalStatus::Failed.into()), "{id}");
    }
    history.assert_consistent().await;
}

/// A batch can finish tasks of several users. The same task ID under two users is two tasks.
pub async fn a_batch_finishes_tasks_of_several_users(history: &History) {
    let batch = [
        (task_of("bob", "report"), failed(1)),
        (task_of("alice", "report"), failed(2)),
    ];

    assert_eq!(history.finish_batch(&batch).await, [open(), open()]);

    for (task, finish) in batch {
        let again = history.finish(&task, FinalStatus::Completed, at(9)).await;
        assert_eq!(again, already_finished(finish));
    }
}

/// A finished task keeps its status and time, and the batch returns them.
pub async fn a_batch_leaves_finished_tasks_unchanged(history: &History) {
    history
        .finish(&task("a"), FinalStatus::Cancelled, at(3))
        .await;
    let before = history.snapshot().await;

    let outcomes = history.finish_batch(&[(task("a"), failed(1))]).await;

    let cancelled = Finish {
        status: FinalStatus::Cancelled,
        at: at(3),
    };
    assert_eq!(outcomes, [already_finished(cancelled)]);
    assert_eq!(history.snapshot().await, before);
}

/// If a batch finishes a task several times, the first finish wins, and the others return it.
pub async fn the_first_of_several_finishes_in_a_batch_wins(history: &History) {
    let later = Finish {
        status: FinalStatus::Completed,
        at: at(1),
    };
    let batch = [
        (task("a"), failed(2)),
        (task("b"), later),
        (task("a"), later),
        (task("a"), failed(2)),
    ];

    let outcomes = history.finish_batch(&batch).await;

    let first = already_finished(failed(2));
    assert_eq!(outcomes, [open(), open(), first, first]);
    let again = history
        .finish(&task("a"), FinalStatus::Completed, at(9))
        .await;
    assert_eq!(again, first);
}

/// A repeated batch changes nothing, and returns the recorded finishes.
pub async fn a_repeated_batch_of_finishes_changes_nothing(history: &History) {
    let batch = [(task("a"), failed(1)), (task("b"), failed(2))];
    history.finish_batch(&batch).await;
    let before = history.snapshot().await;

    let outcomes = history.finish_batch(&batch).await;

    assert_eq!(
        outcomes,
        [already_finished(failed(1)), already_finished(failed(2))]
    );
    assert_eq!(history.snapshot().await, before);
}

/// A batch may contain thousands of tasks, including finished ones.
pub async fn a_batch_of_finishes_may_be_large(history: &History) {
    let batch: Vec<_> = (0..2500).rev().map(numbered).collect();
    history.finish_batch(&batch[..700]).await;

    let outcomes = history.finish_batch(&batch).await;

    assert!(
        outcomes[..700]
            .iter()
            .all(|outcome| *outcome == already_finished(failed(1)))
    );
    assert!(outcomes[700..].iter().all(|outcome| *outcome == open()));
}

/// Concurrent batches with the same tasks in different orders do not deadlock, and each task is
/// finished once.
pub async fn batches_in_different_orders_finish_each_task_once(history: &History) {
    let forth: Vec<_> = (0..60).map(numbered).collect();
    let back: Vec<_> = forth.iter().rev().cloned().collect();
    let batches = (0..8).map(|number| if number % 2 == 0 { &forth } else { &back });
    let calls: Vec<_> = batches
        .map(|batch| finishing_batch(history, batch))
        .collect();

    let outcomes = at_once(calls).await;

    let finished = outcomes
        .iter()
        .flatten()
        .filter(|outcome| **outcome == open());
    assert_eq!(finished.count(), 60);
    history.assert_consistent().await;
}

fn numbered(number: u32) -> (TaskKey, Finish) {
    (task(&format!("{number:04}")), failed(1))
}
