//! Counts of what a removal would remove.

use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{
    ExpiredCounts, FinalStatus, RemovalLimits, RemovalResult, RetentionPolicy, Scope, StatusSet,
    TaskFilter, TaskSummary,
};
use tasktrail_domain::timestamp::Timestamp;

use crate::History;
use crate::fixture::{Edit, Writer, at, task_of, user};

/// For any policy, `expired` returns the counts that a removal then removes, and removes nothing.
pub async fn expired_counts_match_the_removal(history: &History) {
    for policy in every_policy() {
        save_every_kind(history).await;
        let before = tasks_of_all_users(history).await;

        let expired = history.expired(&policy).await;
        let untouched = tasks_of_all_users(history).await;
        let removed = history.remove(&policy, &RemovalLimits::default()).await;

        let (covered, others): (Vec<_>, Vec<_>) =
            before.iter().cloned().partition(|task| policy.covers(task));
        let tasks = covered.len().try_into().unwrap();
        let entries = covered.iter().map(|task| task.entries).sum();
        assert_eq!(untouched, before, "{policy:?}");
        assert_eq!(tasks_of_all_users(history).await, others, "{policy:?}");
        assert_eq!(expired, ExpiredCounts::new(tasks, entries), "{policy:?}");
        assert_eq!(
            removed,
            RemovalResult::new(tasks, entries, None),
            "{policy:?}"
        );
    }
}

async fn tasks_of_all_users(history: &History) -> Vec<TaskSummary> {
    let everything = TaskFilter::default();
    let mut tasks = history.list(&user("alice"), &everything).await;
    tasks.extend(history.list(&user("bob"), &everything).await);
    tasks
}

/// Saves tasks of two users, open and finished, of three statuses, at four instants.
///
/// Tasks that still exist from an earlier call are not saved again.
async fn save_every_kind(history: &History) {
    let writer = Writer::default();
    let mut entries = Vec::new();
    for n in 0..24 {
        let task = task_of(["alice", "bob"][n % 2], &format!("t{n}"));
        let time = at([0, 1, 2, 3][n / 6]);
        for step in [0, 1, 2].into_iter().take(1 + n % 3) {
            let entry = writer.step(&task, step, [Running, Completed, Failed][n % 3]);
            entries.push(entry.recorded(time));
        }
        if n % 5 == 0 {
            history.finish(&task, FinalStatus::Cancelled, time).await;
        }
    }
    history.save_batch(&entries).await;
}

fn every_policy() -> Vec<RetentionPolicy> {
    let mut policies = Vec::new();
    for scope in [
        Scope::Everyone,
        Scope::User(user("bob")),
        Scope::User(user("nobody")),
    ] {
        for statuses in [
            StatusSet::ALL,
            StatusSet::only([Cancelled, Failed]),
            Running.into(),
        ] {
            for (cutoff, keep_unfinished) in [(at(2), false), (at(2), true), (Timestamp::MAX, true)]
            {
                let scope = scope.clone();
                policies.push(
                    RetentionPolicy::every_task_before(cutoff)
                        .with_statuses(statuses)
                        .with_keep_unfinished(keep_unfinished)
                        .with_scope(scope),
                );
            }
        }
    }
    policies
}
