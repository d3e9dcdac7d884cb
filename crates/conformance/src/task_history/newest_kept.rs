//! Removals in batches that keep the newest tasks of each user.

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed};
use tasktrail_domain::task_history::{
    RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy, TaskFilter, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, Writer, at, task, task_of, user};
use crate::parallel::{at_once, saving};

/// A removal determines the newest tasks of a user once: tasks that become newer during the
/// removal do not displace them.
pub async fn the_newest_tasks_are_determined_once_per_removal(history: &History) {
    let writer = save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    for n in [5, 6] {
        let new = writer.step(&task(&format!("t{n}")), 1, Completed);
        history.save(&new.recorded(at(n))).await;
    }
    let walk = history.remove_all(&keep(2), batch(1, first.next)).await;
    let kept = remaining(history, "alice").await;
    let second = history.remove_all(&keep(2), batch(1, None)).await;

    assert_eq!((first.tasks, walk.tasks), (1, 2));
    assert_eq!(kept, ["t3", "t4", "t5", "t6"]);
    assert_eq!(second.tasks, 2);
    assert_eq!(remaining(history, "alice").await, ["t5", "t6"]);
}

/// A task with activity after the newest tasks were determined is kept.
pub async fn a_task_updated_during_a_removal_is_kept(history: &History) {
    let writer = save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    let active = writer.step(&task("t2"), 2, Completed).recorded(at(60));
    history.save(&active).await;
    let walk = history.remove_all(&keep(2), batch(1, first.next)).await;

    assert_eq!((first.tasks, walk.tasks), (1, 1));
    assert_eq!(remaining(history, "alice").await, ["t2", "t3", "t4"]);
}

/// A removal keeps the newest tasks of every user, with any batch size.
pub async fn a_removal_keeps_the_newest_tasks_of_every_user(history: &History) {
    for size in [1, 2, 3, 100] {
        for (user, tasks) in [("alice", 7), ("bob", 2), ("carol", 3), ("dave", 9)] {
            save_tasks(history, user, tasks).await;
        }

        let expired = history.expired(&keep(3)).await;
        let removed = history.remove_all(&keep(3), batch(size, None)).await;

        assert_eq!(
            (expired.tasks, removed.tasks),
            (10, 10),
            "batch size {size}"
        );
        for (user, kept) in [
            ("alice", ["t4", "t5", "t6"].as_slice()),
            ("bob", &["t0", "t1"]),
            ("carol", &["t0", "t1", "t2"]),
            ("dave", &["t6", "t7", "t8"]),
        ] {
            assert_eq!(remaining(history, user).await, kept, "batch size {size}");
        }
        let everything = RetentionPolicy::every_task_before(Timestamp::MAX);
        history.remove_all(&everything, batch(100, None)).await;
    }
}

/// A removal that starts after a cursor determines the newest tasks of that user itself.
pub async fn a_removal_with_a_cursor_keeps_the_newest_tasks(history: &History) {
    save_tasks(history, "alice", 5).await;
    let behind = RemovalCursor::from(task("t0"));

    let walk = history.remove_all(&keep(2), batch(1, Some(behind))).await;

    assert_eq!(walk.tasks, 2);
    assert_eq!(remaining(history, "alice").await, ["t0", "t3", "t4"]);
}

/// With `keep_newest` 0, tasks are removed by age only, wherever the removal starts.
pub async fn keep_newest_zero_removes_by_age_only(history: &History) {
    save_tasks(history, "alice", 5).await;

    let first = history.remove(&keep(2), &batch(1, None)).await;
    let walk = history.remove_all(&keep(0), batch(2, first.next)).await;

    assert_eq!(walk.tasks, 4);
    assert_eq!(remaining(history, "alice").await, Vec::<String>::new());
}

/// A removal that races saves removes no task with activity since the removal started.
pub async fn a_removal_that_races_saves_keeps_updated_tasks(history: &History) {
    for _ in 0..8 {
        let writer = save_tasks(history, "alice", 9).await;
        // As many as `keep_newest`, so that they are kept even if all saves precede the removal.
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
        let everything = RetentionPolicy::every_task_before(Timestamp::MAX);
        let removed: RemovalResult = history.remove_all(&everything, batch(100, None)).await;
        assert!(removed.tasks >= 4, "{removed:?}");
    }
}

fn keep(keep_newest: u64) -> RetentionPolicy {
    RetentionPolicy::every_task_before(at(1000)).with_keep_newest(keep_newest)
}

fn batch(tasks: u64, after: Option<RemovalCursor>) -> RemovalLimits {
    RemovalLimits::default()
        .with_tasks(PageSize::new(tasks).unwrap())
        .with_after(after)
}

/// Saves the tasks `t0`, `t1` … of a user, each one second later than the previous one.
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
