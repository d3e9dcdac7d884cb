//! Reads that race writes.

use std::collections::BTreeSet;

use tasktrail_domain::task_history::TaskStatus::{Completed, Running};
use tasktrail_domain::task_history::{Scope, TaskFilter};

use crate::History;
use crate::fixture::{Edit, Writer, at, task, user};
use crate::parallel::{at_once, saving, saving_batch};

/// Readers see a batch completely or not at all, even a large one.
pub async fn a_batch_becomes_visible_atomically(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    history.save(&writer.step(&report, 0, Running)).await;
    let saves = (0..8).map(|n| {
        let of_another = writer.steps(&task(&n.to_string()), 300);
        let batch = [of_another, writer.steps(&report, 300)].concat();
        saving_batch(history, &batch)
    });
    let saves = tokio::spawn(at_once(saves.collect::<Vec<_>>()));

    while !saves.is_finished() {
        let counts = history.count(&Scope::Everyone).await;
        let summary = history.summary(&report).await;

        assert_eq!(counts.entries, 600 * (counts.tasks - 1) + 1, "{counts:?}");
        assert_eq!(counts.tasks_by_status, [(Running, counts.tasks)].into());
        assert_eq!(summary.entries % 300, 1);
    }
    saves.await.unwrap();
}

/// Reading a trail page by page during writes repeats nothing, and returns all earlier entries.
pub async fn reading_a_trail_during_writes_repeats_nothing(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let before = writer.steps(&report, 20);
    history.save_batch(&before).await;
    let concurrent = writer.steps(&report, 60);
    let saves: Vec<_> = concurrent
        .iter()
        .map(|entry| saving(history, entry))
        .collect();
    let saves = tokio::spawn(at_once(saves));

    let walked = history.trail_pages(&report, 3).await.concat();
    saves.await.unwrap();

    let trail = history.trail(&report).await;
    let mut rest = trail.iter();
    let in_order = walked.iter().all(|entry| rest.any(|other| other == entry));
    assert!(in_order, "{walked:?}");
    assert_eq!(walked[..20], before);
}

/// Reading a list page by page during writes returns no task twice, and every unchanged task.
pub async fn reading_a_list_during_writes_repeats_nothing(history: &History) {
    let writer = Writer::default();
    let active: Vec<_> = (0..30).map(|n| task(&format!("t{n} active"))).collect();
    let resting: BTreeSet<_> = (0..30).map(|n| task(&format!("t{n} resting"))).collect();
    for task in active.iter().chain(&resting) {
        history.save(&writer.step(task, 1, Running)).await;
    }
    let saves: Vec<_> = active
        .iter()
        .map(|task| writer.step(task, 2, Completed).recorded(at(9)))
        .map(|entry| saving(history, &entry))
        .collect();
    let saves = tokio::spawn(at_once(saves));

    let all = TaskFilter::default();
    let walked = history.list_pages(&user("alice"), &all, 4).await.concat();
    saves.await.unwrap();

    let distinct: BTreeSet<_> = walked.iter().map(|summary| summary.task.clone()).collect();
    assert_eq!(distinct.len(), walked.len());
    assert!(distinct.is_superset(&resting));
}
