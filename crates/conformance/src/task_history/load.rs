//! Loading the current state of a task's steps.

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::PageRequest;
use tasktrail_domain::task_history::TaskStatus::{Completed, Failed, Running};
use tasktrail_domain::task_history::{HistoryEntry, StepNumber};

use crate::History;
use crate::fixture::{Edit, Writer, at, page, task};

/// An unknown task has no steps.
pub async fn an_unknown_task_has_no_steps(history: &History) {
    let loaded = history
        .step_page(&task("unknown"), &PageRequest::default())
        .await;

    assert_eq!((loaded.items, loaded.next), (vec![], None));
}

/// Steps are in ascending order, regardless of the order of the saves.
pub async fn steps_come_in_ascending_order(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    for step in [10, 2, 0, 300, 9] {
        history.save(&writer.step(&report, step, Running)).await;
    }

    let loaded = history.steps(&report).await;

    assert_eq!(numbers(&loaded), [0, 2, 9, 10, 300]);
}

/// The newest revision is the one accepted last, regardless of times and IDs.
pub async fn the_newest_revision_is_the_last_accepted(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let last = writer.step(&report, 1, Completed).recorded(at(1));
    let middle = writer.step(&report, 1, Failed).recorded(at(3));
    let first = writer.step(&report, 1, Running).recorded(at(2));

    for entry in [&first, &middle, &last] {
        history.save(entry).await;

        assert_eq!(history.steps(&report).await, std::slice::from_ref(entry));
    }
}

/// Pages of any size return the newest revision of each step once, in order, and the last page has
/// no cursor.
pub async fn pages_of_steps_give_each_step_once(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    history.save_batch(&writer.steps(&report, 7)).await;
    let newest = writer.steps(&report, 7);
    history.save_batch(&newest).await;

    for size in [1, 2, 3, 7, 1000] {
        assert_eq!(history.step_pages(&report, size).await.concat(), newest);
    }
}

/// Pages of large results may be short, but return each step once, and only the last has no cursor.
pub async fn pages_of_large_steps_give_each_step_once(history: &History) {
    let report = task("report");
    let entries = large_steps(&Writer::default(), &report);
    history.save_batch(&entries).await;

    for size in [1, 2, 1000] {
        let pages = history.step_pages(&report, size).await;
        assert!(pages.concat() == entries, "pages of {size}");
    }
}

/// Twelve steps. Every third has a result of 300 kB that hardly compresses, or one of 900 kB that
/// compresses to almost nothing.
pub(super) fn large_steps(writer: &Writer, task: &TaskKey) -> Vec<HistoryEntry> {
    let digits = (0_u64..).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string());
    let random: String = digits.take(15_000).collect();
    let entries = writer.steps(task, 12).into_iter().enumerate();
    entries
        .map(|(index, entry)| match index % 3 {
            0 => entry.giving(&random),
            1 => entry.giving("x".repeat(900_000)),
            _ => entry,
        })
        .collect()
}

/// A page starts after its cursor, even if the task does not have that step.
pub async fn a_page_of_steps_starts_after_its_cursor(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let [low, high] = [
        writer.step(&report, 3, Running),
        writer.step(&report, 6, Running),
    ];
    history.save_batch(&[low, high]).await;
    let expected: [(u16, &[i32]); 5] = [(0, &[3, 6]), (3, &[6]), (5, &[6]), (6, &[]), (7, &[])];

    for (cursor, steps) in expected {
        let request = PageRequest {
            after: Some(cursor.into()),
            ..page(5)
        };
        let loaded = history.step_page(&report, &request).await;
        assert_eq!(numbers(&loaded.items), steps, "after {cursor}");
    }
}

/// The lowest and the highest step number work like any other.
pub async fn the_lowest_and_highest_step_numbers_are_supported(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    for step in [StepNumber::MAX, StepNumber::MIN] {
        let mut entry = writer.step(&report, 0, Running);
        entry.step = step;
        history.save(&entry).await;
    }

    let pages = history.step_pages(&report, 1).await;

    assert_eq!(
        pages.iter().map(|page| numbers(page)).collect::<Vec<_>>(),
        [[0], [i32::MAX]]
    );
}

fn numbers(entries: &[HistoryEntry]) -> Vec<i32> {
    entries.iter().map(|entry| entry.step.get()).collect()
}
