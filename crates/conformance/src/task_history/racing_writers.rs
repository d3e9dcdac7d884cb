//! Writers that race each other.

use serde_json::json;
use tasktrail_domain::repository::ErrorKind;
use tasktrail_domain::task_history::TaskStatus::{self, Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{FinalStatus, FinishOutcome, HistoryEntry, SavedBatch, Scope};

use crate::History;
use crate::fixture::{Edit, USERS, Writer, at, task, task_of, user};
use crate::parallel::{at_once, finishing, saving, saving_batch};

/// With many concurrent writers on one task, every entry is kept, and the summary matches a replay
/// of the trail.
pub async fn concurrent_writers_on_one_task_lose_nothing(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let statuses = [Running, Completed, Failed];
    let entries: Vec<_> = (0_u16..256)
        .map(|n| {
            let entry = writer.step(&report, n * 7 % 11, statuses[usize::from(n % 3)]);
            entry.recorded(at(u64::from(n * 13 % 31)))
        })
        .collect();

    for round in entries.chunks(64) {
        at_once(round.iter().map(|entry| saving(history, entry))).await;
        history.assert_consistent().await;
    }

    let mut kept = history.trail(&report).await;
    kept.sort_by_key(|entry| entry.id);
    assert_eq!(kept, entries);
}

/// An entry saved concurrently is stored once, and all calls return the same status.
pub async fn an_entry_saved_concurrently_is_stored_once(history: &History) {
    let writer = Writer::default();
    for trial in 0..10 {
        let entry = writer.step(&task(&trial.to_string()), 1, Running);

        let answers = at_once((0..16).map(|_| saving(history, &entry))).await;

        assert_eq!(answers, [Running; 16]);
        assert_eq!(history.trail(&entry.task).await, [entry]);
    }
    history.assert_consistent().await;
}

/// In a batch saved concurrently, each entry is new for exactly one call.
pub async fn a_batch_saved_concurrently_is_stored_once(history: &History) {
    let writer = Writer::default();
    for trial in 0..10 {
        let tasks = ["a", "b"].map(|id| task(&format!("{id} {trial}")));
        let entries = tasks.each_ref().map(|task| writer.steps(task, 5)).concat();

        let answers = at_once((0..8).map(|_| saving_batch(history, &entries))).await;

        let added: u64 = answers.iter().map(|answer| answer.added).sum();
        assert_eq!(added, 10);
    }
    history.assert_consistent().await;
}

/// Overlapping batches with their tasks in opposite orders are all saved, without a deadlock.
pub async fn overlapping_batches_do_not_block_each_other(history: &History) {
    let writer = Writer::default();
    let keys: Vec<_> = (0..4)
        .flat_map(|n| USERS.map(|user| task_of(user, &n.to_string())))
        .collect();
    for round in 0..10 {
        let batches = (0..12).map(|n| {
            let mut batch: Vec<_> = keys
                .iter()
                .map(|key| writer.step(key, round, Running))
                .collect();
            batch.rotate_left(n % 8);
            if n % 2 == 0 {
                batch.reverse();
            }
            saving_batch(history, &batch)
        });

        let answers = at_once(batches.collect::<Vec<_>>()).await;

        assert!(
            answers.iter().all(|answer| answer.added == 8),
            "{answers:?}"
        );
    }
    history.assert_consistent().await;
}

/// Large overlapping batches with their tasks in opposite orders do not deadlock either.
pub async fn overlapping_large_batches_do_not_block_each_other(history: &History) {
    let writer = Writer::default();
    let keys = ["a", "b", "c"].map(task);
    for _ in 0..2 {
        let batches = (0..4).map(|n| {
            let mut of_tasks = keys.each_ref().map(|key| writer.steps(key, 400));
            if n % 2 == 0 {
                of_tasks.reverse();
            }
            saving_batch(history, &of_tasks.concat())
        });

        let answers = at_once(batches.collect::<Vec<_>>()).await;

        let added: Vec<_> = answers.iter().map(|answer| answer.added).collect();
        assert_eq!(added, [1200; 4]);
    }
    history.assert_consistent().await;
}

/// Batches with the same entries in different orders are stored once, even if some calls have to be
/// retried.
pub async fn batches_in_different_orders_are_stored_once(history: &History) {
    let report = task("report");
    let entries = Writer::default().steps(&report, 400);
    let batches = (0..4).map(|n| {
        let mut batch = entries.clone();
        batch.rotate_left(n * 100);
        persisting(history, batch)
    });

    let answers = at_once(batches.collect::<Vec<_>>()).await;

    assert_eq!(answers.iter().map(|answer| answer.added).sum::<u64>(), 400);
    assert_eq!(history.steps(&report).await, entries);
    history.assert_consistent().await;
}

/// Of conflicting entries with the same ID, exactly one is saved. The others are refused.
pub async fn exactly_one_of_conflicting_entries_is_saved(history: &History) {
    let writer = Writer::default();
    for trial in 0..20 {
        let owner = format!("user {trial}");
        let entry = writer.step(&task_of(&owner, "report"), 1, Running);
        let contradictions = (0..8).flat_map(|n| {
            let other_task = writer.step(&task_of(&owner, &n.to_string()), 1, Running);
            let other_step = writer.step(&entry.task, 2 + n, Running);
            let other_result = entry.clone().giving(json!(n));
            [other_task, other_step, other_result].map(|other| other.under(entry.id))
        });
        let saves: Vec<_> = contradictions.map(|entry| trying(history, entry)).collect();

        let answers = at_once(saves).await;

        let count = |expected| answers.iter().filter(|answer| **answer == expected).count();
        let counts = history.count(&Scope::User(user(&owner))).await;
        assert_eq!(count(Ok(Running)), 1, "{answers:?}");
        assert_eq!(count(Err(ErrorKind::Conflict)), 23, "{answers:?}");
        assert_eq!((counts.entries, counts.tasks), (1, 1));
    }
}

/// A cancel that races saves is never lost.
pub async fn a_cancel_that_races_saves_is_never_lost(history: &History) {
    let writer = Writer::default();
    for trial in 0..40 {
        let report = task(&format!("report {trial}"));
        let entries = writer.steps(&report, 8);
        let saves = entries.iter().map(|entry| saving(history, entry));
        let cancel = finishing(history, &report, FinalStatus::Cancelled, at(1));

        let (_, outcome) = tokio::join!(at_once(saves), cancel);

        let won = matches!(outcome, FinishOutcome::Finished { .. });
        assert!(won, "{outcome:?}");
        assert_eq!(history.status(&report).await, Some(Cancelled));
    }
    history.assert_consistent().await;
}

/// A save that starts after a cancel returned finds the task cancelled, even during other saves.
pub async fn a_save_after_a_cancel_returns_cancelled(history: &History) {
    let writer = Writer::default();
    for trial in 0..20 {
        let report = task(&format!("report {trial}"));
        let (before, after) = (writer.steps(&report, 4), writer.steps(&report, 4));
        let cancel = finishing(history, &report, FinalStatus::Cancelled, at(1));
        let cancel_then_save = async {
            cancel.await;
            at_once(after.iter().map(|entry| saving(history, entry))).await
        };
        let saves = at_once(before.iter().map(|entry| saving(history, entry)));

        let (_, answers) = tokio::join!(saves, cancel_then_save);

        assert_eq!(answers, [Cancelled; 4]);
    }
}

/// Of racing finishes exactly one wins, and all others return its status.
pub async fn exactly_one_of_racing_finishes_wins(history: &History) {
    use FinalStatus::{Cancelled, Completed, Failed, TimedOut};
    for trial in 0..20 {
        let report = task(&format!("report {trial}"));
        let statuses = [Completed, Cancelled, TimedOut, Failed].repeat(3);
        let finishes = statuses
            .iter()
            .map(|status| finishing(history, &report, *status, at(1)));

        let outcomes = at_once(finishes).await;

        let won = FinishOutcome::Finished { previous: None };
        let winner = outcomes.iter().position(|outcome| *outcome == won).unwrap();
        let status = statuses[winner];
        let at = at(1);
        let mut expected = [FinishOutcome::AlreadyFinished { status, at }; 12];
        expected[winner] = won;
        assert_eq!(outcomes, expected);
        assert_eq!(history.status(&report).await, Some(status.into()));
    }
}

/// A save that may fail, to run concurrently.
fn trying(
    history: &History,
    entry: HistoryEntry,
) -> impl Future<Output = Result<TaskStatus, ErrorKind>> + use<> {
    let history = history.clone();
    async move {
        let answer = history.port().save(&entry).await;
        answer.map_err(|error| error.kind())
    }
}

/// A save of a batch that is retried while it fails because of contention.
fn persisting(
    history: &History,
    entries: Vec<HistoryEntry>,
) -> impl Future<Output = SavedBatch> + use<> {
    let history = history.clone();
    async move {
        loop {
            match history.port().save_batch(&entries).await {
                Err(error) if error.kind() == ErrorKind::Contention => {}
                answer => return answer.unwrap(),
            }
        }
    }
}
