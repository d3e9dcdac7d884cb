//! Removal in batches.

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::TaskHistoryRepositoryExt;
use tasktrail_domain::task_history::TaskStatus::Running;
use tasktrail_domain::task_history::{
    FinalStatus, RemovalCursor, RemovalLimits, RemovalResult, RetentionPolicy, TaskFilter,
};

use crate::History;
use crate::fixture::{Edit, Writer, at, task, task_of, user};

/// A batch respects the task limit, and returns a cursor for the next batch.
pub async fn a_removal_respects_its_task_limit(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]).await;

    let sizes = walk(history, &tasks(2)).await;

    assert_eq!(sizes, [(2, 2), (2, 2), (1, 1)]);
}

/// A batch respects the entry limit, unless its first task alone exceeds it.
pub async fn a_removal_respects_its_entry_limit(history: &History) {
    save_tasks(
        history,
        &[("a", 4), ("b", 6), ("c", 1), ("d", 30), ("e", 9), ("f", 2)],
    )
    .await;

    let sizes = walk(history, &entries(10)).await;

    assert_eq!(sizes, [(2, 10), (1, 1), (1, 30), (1, 9), (1, 2)]);
}

/// With an entry limit of 0, a batch removes one task with entries, or several without entries.
pub async fn an_entry_limit_of_zero_removes_one_task_at_a_time(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 2), ("c", 0), ("d", 0)]).await;

    let sizes = walk(history, &entries(0)).await;

    assert_eq!(sizes, [(1, 1), (1, 2), (2, 0)]);
}

/// The limits may have their maximum values.
pub async fn removal_limits_may_be_huge(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 2)]).await;
    let batch = entries(u64::MAX).with_tasks(PageSize::MAX);

    let removed = history.remove(&everything(), &batch).await;

    assert_eq!(removed, RemovalResult::new(2, 3, None));
}

/// Tasks are removed in key order: by user, then by task, each compared byte by byte.
pub async fn tasks_are_removed_in_the_order_of_their_keys(history: &History) {
    let mut keys: Vec<_> = ["B", "a", "a b", "ab", "ä", "z", "é"]
        .iter()
        .flat_map(|user| ["Z", "a", "é"].map(|task| task_of(user, task)))
        .collect();
    save_keys(history, &keys).await;
    keys.sort();

    let mut batch = tasks(1);
    for key in &keys {
        let removed = history.remove(&everything(), &batch).await;

        assert_eq!(history.status(key).await, None, "{key}");
        assert_eq!(removed.tasks, 1);
        batch.after = removed.next;
    }
}

/// Following `next` reaches every covered task of every user, and skips the others.
pub async fn following_the_cursor_removes_every_covered_task(history: &History) {
    let writer = Writer::default();
    let users = [user("alice"), user("bob")];
    for n in 0..30 {
        let task = task_of(users[n % 2].as_str(), &format!("t{n}"));
        let time = at([0, 100][usize::from(n % 3 == 0)]);
        history
            .save(&writer.step(&task, 1, Running).recorded(time))
            .await;
    }

    let sizes = walk(history, &tasks(3)).await;

    let left = history.snapshot().await;
    assert_eq!(sizes.iter().map(|(tasks, _)| tasks).sum::<u64>(), 20);
    assert!(
        left.tasks
            .iter()
            .all(|task| task.summary.last_updated == at(100))
    );
    assert_eq!(left.counts.tasks, 10);
    left.assert_consistent();
}

/// A batch starts after its cursor, even if no such task exists, and keeps earlier tasks.
pub async fn a_removal_starts_after_its_cursor(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 1), ("c", 1), ("d", 1)]).await;

    for (cursor, left) in [
        ("e", "abcd"),
        ("c", "abc"),
        ("bb", "ab"),
        ("b", "ab"),
        ("A", ""),
    ] {
        let batch = RemovalLimits::default().with_after(RemovalCursor::from(task(cursor)));
        history.remove(&everything(), &batch).await;

        assert_eq!(remaining(history).await, left, "after {cursor}");
    }
}

/// A removal can stop and restart from the beginning: the second run removes the remaining tasks.
pub async fn removal_can_restart_from_the_beginning(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)]).await;
    let stopped = history.remove(&everything(), &tasks(2)).await;

    let sizes = walk(history, &tasks(2)).await;

    assert_eq!((stopped.tasks, sizes), (2, vec![(2, 2), (1, 1)]));
    assert_eq!(remaining(history).await, "");
}

/// A task that becomes active during a removal is kept.
pub async fn a_task_that_becomes_active_during_a_removal_is_kept(history: &History) {
    let writer = save_tasks(history, &[("a", 1), ("b", 1), ("c", 1)]).await;
    let first = history.remove(&everything(), &tasks(1)).await;
    let active = writer.step(&task("b"), 2, Running).recorded(at(60));
    history.save(&active).await;

    let batch = tasks(5).with_after(first.next);
    history.remove(&everything(), &batch).await;

    assert_eq!(remaining(history).await, "b");
    assert_eq!(history.trail(&task("b")).await.len(), 2);
}

/// After the last task there is no next cursor, even if the last batch is full.
pub async fn the_last_batch_of_a_removal_has_no_next(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 1), ("c", 1), ("d", 1)]).await;
    let first = history.remove(&everything(), &tasks(2)).await;

    let batch = tasks(2).with_after(first.next);
    let last = history.remove(&everything(), &batch).await;

    assert_eq!(last, RemovalResult::new(2, 2, None));
}

/// Removing everything reports progress after each batch, and the total at the end.
pub async fn removing_everything_reports_its_progress(history: &History) {
    save_tasks(history, &[("a", 1), ("b", 2), ("c", 3)]).await;
    let mut progress = Vec::new();

    let total = history
        .port()
        .remove_all_expired(&everything(), tasks(1), |so_far| {
            progress.push(so_far.entries);
        })
        .await;

    assert_eq!(progress, [1, 3, 6]);
    assert_eq!(total.unwrap(), RemovalResult::new(3, 6, None));
}

/// Covers everything recorded before 12:01.
fn everything() -> RetentionPolicy {
    RetentionPolicy::every_task_before(at(60))
}

fn tasks(bound: u64) -> RemovalLimits {
    RemovalLimits::default().with_tasks(PageSize::new(bound).unwrap())
}

fn entries(bound: u64) -> RemovalLimits {
    RemovalLimits::default().with_entries(bound)
}

/// Removes in batches, and returns the numbers of tasks and entries of each non-empty batch.
async fn walk(history: &History, first: &RemovalLimits) -> Vec<(u64, u64)> {
    let mut batch = first.clone();
    let mut sizes = Vec::new();
    loop {
        let removed = history.remove(&everything(), &batch).await;
        sizes.push((removed.tasks, removed.entries));
        let Some(next) = removed.next else { break };
        assert!(
            batch.after.as_ref() < Some(&next),
            "{next:?} does not advance"
        );
        batch.after = Some(next);
    }
    sizes.retain(|removed| *removed != (0, 0));
    sizes
}

/// Saves tasks of alice with the given number of entries. A task without entries is finished.
async fn save_tasks(history: &History, tasks: &[(&str, u16)]) -> Writer {
    let writer = Writer::default();
    for (id, entries) in tasks {
        history.save_batch(&writer.steps(&task(id), *entries)).await;
        if *entries == 0 {
            history
                .finish(&task(id), FinalStatus::Cancelled, at(0))
                .await;
        }
    }
    writer
}

async fn save_keys(history: &History, keys: &[TaskKey]) {
    let writer = Writer::default();
    let entries: Vec<_> = keys
        .iter()
        .map(|key| writer.step(key, 1, Running))
        .collect();
    history.save_batch(&entries).await;
}

/// The IDs of alice's tasks in ascending order, concatenated.
async fn remaining(history: &History) -> String {
    let tasks = history.list(&user("alice"), &TaskFilter::default()).await;
    let mut ids: Vec<_> = tasks
        .iter()
        .map(|summary| summary.task.task.as_str())
        .collect();
    ids.sort_unstable();
    ids.concat()
}
