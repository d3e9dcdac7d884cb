//! Which tasks a removal covers, and what it keeps.

use serde_json::json;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};
use tasktrail_domain::task_history::{
    ExpiredCounts, FinalStatus, FinishOutcome, RemovalLimits, RemovalResult, RetentionPolicy,
    StatusSet, TaskFilter,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, INSTANT, Writer, at, task, task_of, user};
use crate::snapshot::Snapshot;

/// If no task has expired, nothing is removed, and there is no next cursor.
pub async fn without_expired_tasks_nothing_is_removed(history: &History) {
    assert_eq!(
        remove(history, &before(Timestamp::MAX)).await,
        RemovalResult::default()
    );
    history
        .save(&Writer::default().step(&task("a"), 1, Running))
        .await;

    for cutoff in [Timestamp::MIN, at(0)] {
        assert_eq!(
            remove(history, &before(cutoff)).await,
            RemovalResult::default()
        );
    }
    assert_eq!(remaining(history).await, ["a"]);
}

/// A task whose last activity is exactly at the cutoff is kept. One microsecond later it expires.
pub async fn a_task_with_activity_at_the_cutoff_is_kept(history: &History) {
    let writer = Writer::default();
    let times = [("at", at(5)), ("before", at(5).saturating_sub(INSTANT))];
    for (id, time) in times {
        history
            .save(&writer.step(&task(id), 1, Running).recorded(time))
            .await;
    }

    remove(history, &before(at(5))).await;

    assert_eq!(remaining(history).await, ["at"]);
}

/// A task with activity at or after the cutoff keeps all its entries, including the early ones.
pub async fn an_active_task_keeps_its_early_entries(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let entries: Vec<_> = (0_u16..10)
        .map(|step| {
            writer
                .step(&report, step, Running)
                .recorded(at(step.into()))
        })
        .collect();
    history.save_batch(&entries).await;

    let removed = remove(history, &before(at(9))).await;

    assert_eq!(removed, RemovalResult::default());
    assert_eq!(history.trail(&report).await, entries);
}

/// A finish is activity: a task finished at or after the cutoff is kept.
pub async fn a_task_finished_after_the_cutoff_is_kept(history: &History) {
    let writer = Writer::default();
    for (id, finish) in [("late", 5), ("early", 4)] {
        history.save(&writer.step(&task(id), 1, Running)).await;
        history
            .finish(&task(id), FinalStatus::Failed, at(finish))
            .await;
    }

    remove(history, &before(at(5))).await;

    assert_eq!(remaining(history).await, ["late"]);
}

/// A task is removed with all its entries. The count includes every revision.
pub async fn a_task_is_removed_with_all_its_entries(history: &History) {
    let writer = Writer::default();
    let (report, unrecorded) = (task("report"), task("unrecorded"));
    let entries = [writer.steps(&report, 3), writer.steps(&report, 3)].concat();
    history.save_batch(&entries).await;
    history
        .finish(&unrecorded, FinalStatus::Cancelled, at(1))
        .await;

    let removed = remove(history, &before(at(9))).await;

    assert_eq!((removed.tasks, removed.entries, removed.next), (2, 6, None));
}

/// A removed task is unknown to every method.
pub async fn a_removed_task_is_unknown(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    history.save_batch(&writer.steps(&report, 3)).await;
    history.finish(&report, FinalStatus::Cancelled, at(1)).await;
    let empty = Snapshot {
        tasks: Vec::new(),
        counts: <_>::default(),
    };

    remove(history, &before(at(9))).await;

    assert_eq!(history.status(&report).await, None);
    assert_eq!(history.steps(&report).await, []);
    assert_eq!(history.trail(&report).await, []);
    assert_eq!(history.snapshot().await, empty);
    assert_eq!(
        history.expired(&before(at(9))).await,
        ExpiredCounts::default()
    );
}

/// A save after a removal starts a new task: the finish is forgotten, and the IDs can be reused.
pub async fn a_save_after_a_removal_starts_a_new_task(history: &History) {
    let old = Writer::default().step(&task("report"), 7, Completed);
    history.save(&old).await;
    history
        .finish(&old.task, FinalStatus::Cancelled, at(1))
        .await;
    remove(history, &before(at(9))).await;

    let new = Writer::default()
        .step(&old.task, 1, Running)
        .under(old.id)
        .giving(json!("new"));
    let answer = history.save(&new).await;

    assert_eq!(answer, Running);
    assert_eq!(history.trail(&old.task).await, [new]);
    history.assert_consistent().await;
}

/// A removed task can be finished again.
pub async fn a_removed_task_can_be_finished_again(history: &History) {
    let report = task("report");
    history.finish(&report, FinalStatus::Cancelled, at(1)).await;
    remove(history, &before(at(9))).await;

    let outcome = history.finish(&report, FinalStatus::Failed, at(2)).await;

    assert_eq!(outcome, FinishOutcome::Finished { previous: None });
}

/// Only tasks with a status in the policy are removed. For finished tasks the final status counts.
pub async fn tasks_with_other_statuses_are_kept(history: &History) {
    let writer = Writer::default();
    for (id, status) in [("open", Running), ("failed", Failed), ("cancelled", Failed)] {
        history.save(&writer.step(&task(id), 1, status)).await;
    }
    history
        .finish(&task("cancelled"), FinalStatus::Cancelled, at(1))
        .await;
    let policy = |statuses| before(at(9)).with_statuses(statuses);

    let none = remove(history, &policy(StatusSet::only([]))).await;
    let failed = remove(history, &policy(Failed.into())).await;

    assert_eq!((none.tasks, failed.tasks), (0, 1));
    assert_eq!(remaining(history).await, ["cancelled", "open"]);
}

/// With `keep_unfinished`, a task whose last step is terminal but that was never finished is kept.
/// A running task is covered if its status is.
pub async fn a_policy_can_keep_unfinished_tasks(history: &History) {
    let writer = Writer::default();
    for (id, status) in [
        ("done", Completed),
        ("finished", Completed),
        ("running", Running),
    ] {
        history.save(&writer.step(&task(id), 1, status)).await;
    }
    for id in ["finished", "unrecorded"] {
        history
            .finish(&task(id), FinalStatus::Completed, at(1))
            .await;
    }

    let finished = remove(history, &RetentionPolicy::finished_before(at(9))).await;
    let left = remaining(history).await;
    let all_but_unfinished = before(at(9)).with_keep_unfinished(true);
    let running = remove(history, &all_but_unfinished).await;

    assert_eq!((finished.tasks, finished.entries), (2, 1));
    assert_eq!(left, ["done", "running"]);
    assert_eq!((running.tasks, running.entries), (1, 1));
    assert_eq!(remaining(history).await, ["done"]);
}

/// With `keep_newest`, the newest tasks of each user are kept, of any status, in list order.
pub async fn the_newest_tasks_of_each_user_are_kept(history: &History) {
    let writer = Writer::default();
    for (user, id, time) in [
        ("alice", "a", 1),
        ("alice", "b", 3),
        ("alice", "c", 2),
        ("alice", "d", 2),
        ("bob", "a", 0),
    ] {
        let entry = writer.step(&task_of(user, id), 1, Completed);
        history.save(&entry.recorded(at(time))).await;
    }
    history.save(&writer.step(&task("b"), 2, Running)).await;
    let keep = |keep_newest| before(Timestamp::MAX).with_keep_newest(keep_newest);

    let four = history.expired(&keep(4)).await;
    let expired = history.expired(&keep(2)).await;
    let removed = remove(history, &keep(2)).await;

    assert_eq!((four.tasks, expired.tasks, removed.tasks), (0, 2, 2));
    // For the same instant, the greater ID comes first in a list.
    assert_eq!(remaining(history).await, ["b", "d"]);
    assert_eq!(history.status(&task_of("bob", "a")).await, Some(Completed));
    // The newest tasks are determined before the other conditions apply.
    let failed = keep(1).with_statuses(Completed);
    remove(history, &failed).await;
    assert_eq!(remaining(history).await, ["b"]);
    let none = remove(history, &keep(u64::MAX)).await;
    assert_eq!(none, RemovalResult::default());
}

fn before(cutoff: Timestamp) -> RetentionPolicy {
    RetentionPolicy::every_task_before(cutoff)
}

async fn remove(history: &History, policy: &RetentionPolicy) -> RemovalResult {
    history.remove(policy, &RemovalLimits::default()).await
}

/// The IDs of alice's tasks in ascending order.
async fn remaining(history: &History) -> Vec<String> {
    let tasks = history.list(&user("alice"), &TaskFilter::default()).await;
    let mut ids: Vec<_> = tasks
        .iter()
        .map(|summary| summary.task.task.to_string())
        .collect();
    ids.sort();
    ids
}
