//! How a removal keeps the newest tasks of each user, batch by batch.

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed};
use tasktrail_domain::task_history::{
    RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy, TaskFilter, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, Writer, at, task, task_of, user};
use crate::parallel::{at_once, saving};

/// A walk finds the newest of a user once: what becomes newer during the walk removes none of them.
pub async fn the_newest_are_found_once_in_a_walk(history: &History) {
    let writer = save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    for n in [5, 6] {
        let new = writer.step(&task(&format!("t{n}")), 1, Completed);
        history.save(&new.recorded(at(n))).await;
    }
    let walk = history.remove_all(&keep(2), batch(1, first.next)).await;
    let kept = remaining(history, "alice").await;
    let anew = history.remove_all(&keep(2), batch(1, None)).await;

    assert_eq!((first.tasks, walk.tasks), (1, 2));
    assert_eq!(kept, ["t3", "t4", "t5", "t6"]);
    assert_eq!(anew.tasks, 2);
    assert_eq!(remaining(history, "alice").await, ["t5", "t6"]);
}

/// A task with activity since the walk has found the newest is kept.
pub async fn a_task_touched_during_the_walk_is_kept(history: &History) {
    let writer = save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    let active = writer.step(&task("t2"), 2, Completed).recorded(at(60));
    history.save(&active).await;
    let walk = history.remove_all(&keep(2), batch(1, first.next)).await;

    assert_eq!((first.tasks, walk.tasks), (1, 1));
    assert_eq!(remaining(history, "alice").await, ["t2", "t3", "t4"]);
}

/// Batch by batch a walk keeps the newest of every user, whatever the size of a batch.
pub async fn a_walk_keeps_the_newest_of_every_user(history: &History) {
    for size in [1, 2, 3, 100] {
        for (user, tasks) in [("alice", 7), ("bob", 2), ("carol", 3), ("dave", 9)] {
            save_tasks(history, user, tasks).await;
        }

        let expired = history.expired(&keep(3)).await;
        let removed = history.remove_all(&keep(3), batch(size, None)).await;

        assert_eq!((expired.tasks, removed.tasks), (10, 10), "{size} a batch");
        for (user, kept) in [
            ("alice", ["t4", "t5", "t6"].as_slice()),
            ("bob", &["t0", "t1"]),
            ("carol", &["t0", "t1", "t2"]),
            ("dave", &["t6", "t7", "t8"]),
        ] {
            assert_eq!(remaining(history, user).await, kept, "{size} a batch");
        }
        let everything = RetentionPolicy::older_than(Timestamp::MAX);
        history.remove_all(&everything, batch(100, None)).await;
    }
}

/// A walk that begins behind a task finds the newest of its user by itself.
pub async fn a_walk_behind_a_task_finds_the_newest(history: &History) {
    save_tasks(history, "alice", 5).await;
    let behind = RemovalCursor::from(task("t0"));

    let walk = history.remove_all(&keep(2), batch(1, Some(behind))).await;

    assert_eq!(walk.tasks, 2);
    assert_eq!(remaining(history, "alice").await, ["t0", "t3", "t4"]);
}

/// A policy that keeps none of the newest goes by age alone, wherever its walk begins.
pub async fn a_policy_that_keeps_none_goes_by_age(history: &History) {
    save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    let walk = history.remove_all(&keep(0), batch(2, first.next)).await;

    assert_eq!(walk.tasks, 4);
    assert_eq!(remaining(history, "alice").await, Vec::<String>::new());
}

/// A walk that races saves removes no task with activity since it has begun.
pub async fn a_walk_that_races_saves_keeps_what_they_touch(history: &History) {
    for _ in 0..8 {
        let writer = save_tasks(history, "alice", 9).await;
        // As many as are kept, so that they stay also where all of them are saved before the walk begins.
        let touched: Vec<_> = (0..4)
            .map(|n| {
                let again = writer.step(&task(&format!("t{n}")), 2, Failed);
                again.recorded(at(60 + n))
            })
            .collect();

        let saves = at_once(touched.iter().map(|entry| saving(history, entry)));
        let policy = keep(4);
        let walk = history.remove_all(&policy, batch(1, None));
        tokio::join!(saves, walk);

        for entry in &touched {
            let trail = history.trail(&entry.task).await;
            assert_eq!(trail.last(), Some(entry), "{trail:?}");
        }
        history.assert_consistent().await;
        let everything = RetentionPolicy::older_than(Timestamp::MAX);
        let gone: RemovalResult = history.remove_all(&everything, batch(100, None)).await;
        assert!(gone.tasks >= 4, "{gone:?}");
    }
}

fn keep(keep_newest: u64) -> RetentionPolicy {
    RetentionPolicy {
        keep_newest,
        ..RetentionPolicy::older_than(at(1000))
    }
}

fn batch(tasks: u64, after: Option<RemovalCursor>) -> RemovalLimits {
    RemovalLimits {
        tasks: PageSize::new(tasks).unwrap(),
        after,
        ..RemovalLimits::default()
    }
}

/// Saves the tasks `t0`, `t1` … of a user, each a second later than the one before.
async fn save_tasks(history: &History, user: &str, tasks: u32) -> Writer {
    let writer = Writer::default();
    let entries: Vec<_> = (0..tasks)
        .map(|n| {
            let entry = writer.step(&task_of(user, &format!("t{n}")), 1, Completed);
            entry.recorded(at(n.into()))
        })
        .collect();
    history.save_batch(&entries).await;
    writer
}

/// The ids of a user's tasks, ascending.
async fn remaining(history: &History, owner: &str) -> Vec<String> {
    let tasks = history.list(&user(owner), &TaskFilter::default()).await;
    let mut ids: Vec<_> = tasks
        .iter()
        .map(|TaskSummary { task, .. }| task.task.to_string())
        .collect();
    ids.sort();
    ids
}
