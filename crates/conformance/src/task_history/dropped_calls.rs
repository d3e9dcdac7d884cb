//! Calls that are dropped before they return.

use std::sync::Arc;

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::TaskStatus::{Cancelled, Running};
use tasktrail_domain::task_history::{
    FinalStatus, Finish, RemovalLimits, RetentionPolicy, Scope, TaskFilter,
};

use crate::History;
use crate::fixture::{USERS, Writer, at, page, task, task_of};
use crate::parallel::{at_once, dropped_after};

/// Numbers of yields after which calls are dropped: immediately, during the call, and after it.
const TURNS: [u32; 15] = [0, 1, 2, 3, 4, 6, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];

/// A dropped save stores its entry or nothing, and can be retried.
pub async fn a_dropped_save_leaves_all_or_nothing(history: &History) {
    let writer = Writer::default();
    for turns in TURNS {
        let entry = writer.step(&task(&turns.to_string()), 1, Running);

        dropped_after(turns, history.save(&entry)).await;

        // The store may still be working on the call, so retry it before comparing.
        assert_eq!(history.save(&entry).await, Running);
        assert_eq!(history.trail(&entry.task).await, [entry]);
    }
    history.assert_consistent().await;
}

/// A dropped batch is stored as a whole or not at all, whenever it is dropped.
pub async fn a_dropped_batch_leaves_all_or_nothing(history: &History) {
    let writer = Writer::default();
    for turns in TURNS {
        let tasks = USERS.map(|user| task_of(user, &turns.to_string()));
        let batch = tasks.each_ref().map(|task| writer.steps(task, 20)).concat();
        let saved_before = history.count(&Scope::Everyone).await.entries;

        dropped_after(turns, history.save_batch(&batch)).await;

        for _ in 0..5 {
            let saved = history.count(&Scope::Everyone).await.entries - saved_before;
            assert!(
                [0, 40].contains(&saved),
                "{saved} of 40 entries after {turns} turns"
            );
        }
        history.save_batch(&batch).await;
        assert_eq!(history.trail(&tasks[0]).await, batch[..20]);
    }
    history.assert_consistent().await;
}

/// A dropped large batch is stored as a whole or not at all.
pub async fn a_dropped_large_batch_leaves_all_or_nothing(history: &History) {
    let writer = Writer::default();
    for turns in [64, 512, 2048, 8192, 16384, 32768, 65536] {
        let report = task(&turns.to_string());
        let batch = writer.steps(&report, 1200);

        dropped_after(turns, history.save_batch(&batch)).await;

        let saved = history.trail(&report).await.len();
        assert!(
            [0, 1200].contains(&saved),
            "{saved} of 1200 entries after {turns} turns"
        );
        history.save_batch(&batch).await;
        assert_eq!(history.trail(&report).await, batch);
    }
    history.assert_consistent().await;
}

/// After a dropped finish the task is open or finished.
pub async fn a_dropped_finish_leaves_all_or_nothing(history: &History) {
    let writer = Writer::default();
    let cancelled = FinalStatus::Cancelled;
    for turns in TURNS {
        let report = task(&turns.to_string());
        history.save(&writer.step(&report, 1, Running)).await;

        dropped_after(turns, history.finish(&report, cancelled, at(1))).await;

        let status = history.status(&report).await;
        assert!(
            [Some(Running), Some(Cancelled)].contains(&status),
            "{status:?}"
        );
        history.finish(&report, cancelled, at(1)).await;
        assert_eq!(history.status(&report).await, Some(Cancelled));
    }
    history.assert_consistent().await;
}

/// A dropped batch of finishes finishes all its tasks or none, whenever it is dropped.
pub async fn a_dropped_batch_of_finishes_leaves_all_or_nothing(history: &History) {
    for turns in TURNS {
        let batch: Vec<_> = (0..40)
            .map(|number| {
                let finish = Finish {
                    status: FinalStatus::Cancelled,
                    at: at(1),
                };
                (task(&format!("{turns}-{number}")), finish)
            })
            .collect();
        let before = history.count(&Scope::Everyone).await.tasks;

        dropped_after(turns, history.finish_batch(&batch)).await;

        for _ in 0..5 {
            let finished = history.count(&Scope::Everyone).await.tasks - before;
            assert!(
                [0, 40].contains(&finished),
                "{finished} of 40 tasks after {turns} turns"
            );
        }
        history.finish_batch(&batch).await;
        assert_eq!(history.count(&Scope::Everyone).await.tasks, before + 40);
    }
}

/// A dropped removal removes its whole batch or nothing, whenever it is dropped.
pub async fn a_dropped_removal_leaves_all_or_nothing(history: &History) {
    let writer = Writer::default();
    let policy = RetentionPolicy::every_task_before(at(60));
    let batch = RemovalLimits::default().with_tasks(PageSize::new(6).unwrap());
    let entries: Vec<_> = (0..6)
        .flat_map(|n| writer.steps(&task(&n.to_string()), 20))
        .collect();
    for turns in TURNS {
        history.save_batch(&entries).await;

        dropped_after(turns, history.remove(&policy, &batch)).await;

        for _ in 0..5 {
            let counts = history.count(&Scope::Everyone).await;
            let whole = [(0, 0), (6, 120)].contains(&(counts.tasks, counts.entries));
            assert!(whole, "{counts:?} after {turns} turns");
        }
    }
}

/// After many dropped reads and writes the repository still works.
pub async fn dropped_calls_leave_the_repository_usable(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    history.save_batch(&writer.steps(&report, 500)).await;
    let dropped: Vec<_> = (0..64).map(|_| writer.step(&report, 0, Running)).collect();
    let drops = dropped.clone().into_iter().zip(0..).map(|(entry, n)| {
        let (port, turns) = (Arc::clone(history.port()), n * n);
        async move {
            let (all, wide) = (TaskFilter::default(), page(1000));
            dropped_after(turns, port.load(&entry.task, &wide)).await;
            dropped_after(turns, port.list(&entry.task.user, &all, &page(10))).await;
            dropped_after(turns, port.save(&entry)).await;
        }
    });

    at_once(drops.collect::<Vec<_>>()).await;

    let saved = history.save_batch(&dropped).await;
    assert_eq!(saved.statuses, [(report, Running)].into());
    history.assert_consistent().await;
}
