//! Removals that race writes, and each other.

use tasktrail_domain::repository::PageSize;
use tasktrail_domain::task_history::TaskStatus::{self, Running};
use tasktrail_domain::task_history::{FinalStatus, HistoryEntry, RemovalLimits, RetentionPolicy};

use crate::History;
use crate::fixture::{Edit, Writer, at, task};
use crate::parallel::{at_once, finishing, removing, saving};

/// Concurrent removals remove each task once: their counts add up.
pub async fn two_concurrent_removals_remove_each_task_once(history: &History) {
    let writer = Writer::default();
    let entries: Vec<_> = (0..200)
        .flat_map(|n| writer.steps(&task(&format!("t{n}")), 3))
        .collect();
    history.save_batch(&entries).await;

    let removals = [1, 7, 20].map(|size| removing(history, &old(), batch(size)));
    let removals = at_once(removals).await;

    let rest = history.remove_all(&old(), batch(100)).await;
    let removals = || removals.iter().chain([&rest]);
    assert_eq!(removals().map(|removal| removal.tasks).sum::<u64>(), 200);
    assert_eq!(removals().map(|removal| removal.entries).sum::<u64>(), 600);
    history.assert_consistent().await;
}

/// A removal that races saves removes complete tasks only, and never entries recorded after its
/// cutoff.
pub async fn a_removal_that_races_saves_loses_no_live_entry(history: &History) {
    let writer = Writer::default();
    for _ in 0..8 {
        let live = save_old_tasks(history, &writer, 20).await;

        let saves = live.iter().map(|entry| saving(history, entry));
        let removal = removing(history, &old(), batch(3));
        tokio::join!(at_once(saves), removal);

        for entry in live {
            let trail = history.trail(&entry.task).await;
            let whole = [1, 4].contains(&trail.len());
            assert!(whole && trail.last() == Some(&entry), "{trail:?}");
        }
        history.assert_consistent().await;
        remove_everything(history).await;
    }
}

/// A finish that races a removal is never lost.
pub async fn a_finish_that_races_a_removal_is_never_lost(history: &History) {
    let writer = Writer::default();
    for _ in 0..8 {
        let live = save_old_tasks(history, &writer, 20).await;

        let cancelled = FinalStatus::Cancelled;
        let finishes = live
            .iter()
            .map(|entry| finishing(history, &entry.task, cancelled, at(100)));
        let removal = removing(history, &old(), batch(3));
        tokio::join!(at_once(finishes), removal);

        for entry in live {
            let status = history.status(&entry.task).await;
            assert_eq!(status, Some(TaskStatus::Cancelled), "{}", entry.task);
        }
        history.assert_consistent().await;
        remove_everything(history).await;
    }
}

/// A removal that races repeated saves of old entries leaves the store consistent.
pub async fn a_removal_that_races_repeated_saves_leaves_no_orphan(history: &History) {
    let writer = Writer::default();
    for trial in 0..20 {
        let entries = writer.steps(&task(&format!("t{trial}")), 4);
        history.save_batch(&entries).await;

        let saves = entries.iter().map(|entry| saving(history, entry));
        let removal = removing(history, &old(), batch(1));
        tokio::join!(at_once(saves), removal);

        history.assert_consistent().await;
        remove_everything(history).await;
    }
}

/// What was recorded before 12:01.
fn old() -> RetentionPolicy {
    RetentionPolicy::every_task_before(at(60))
}

fn batch(tasks: u64) -> RemovalLimits {
    RemovalLimits::default().with_tasks(PageSize::new(tasks).unwrap())
}

/// Saves tasks with three old entries each, and returns a later, unsaved entry for each.
async fn save_old_tasks(history: &History, writer: &Writer, tasks: u16) -> Vec<HistoryEntry> {
    let tasks: Vec<_> = (0..tasks).map(|n| task(&format!("t{n:02}"))).collect();
    let entries: Vec<_> = tasks
        .iter()
        .flat_map(|task| writer.steps(task, 3))
        .collect();
    history.save_batch(&entries).await;
    let live = tasks
        .iter()
        .map(|task| writer.step(task, 9, Running).recorded(at(100)));
    live.collect()
}

async fn remove_everything(history: &History) {
    let everything = RetentionPolicy::every_task_before(at(1000));
    history.remove_all(&everything, batch(1000)).await;
}
