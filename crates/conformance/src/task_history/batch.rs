//! Saving several entries at once.

use serde_json::json;
use tasktrail_domain::task_history::TaskStatus::{Cancelled, Completed, Failed, Running};
use tasktrail_domain::task_history::{FinalStatus, HistoryEntry, SavedBatch, operation};

use crate::History;
use crate::fixture::{Edit, Writer, assert_conflict, at, task, task_of};

/// An empty batch saves nothing and succeeds.
pub async fn an_empty_batch_saves_nothing(history: &History) {
    let saved = history.save_batch(&[]).await;

    assert_eq!(saved, SavedBatch::default());
}

/// A batch returns the number of new entries, and the status of each of its tasks.
pub async fn a_batch_returns_the_number_added_and_the_statuses(history: &History) {
    let writer = Writer::default();
    let (report, invoice) = (task("report"), task("invoice"));
    let first = writer.step(&report, 5, Running);
    history.save(&first).await;
    let lower = writer.step(&report, 4, Completed);
    let other = writer.step(&invoice, 1, Failed);

    let saved = history.save_batch(&[lower, first, other]).await;

    let expected = SavedBatch::new(2, [(report, Running), (invoice, Failed)].into());
    assert_eq!(saved, expected);
}

/// A batch may contain entries of any tasks and users.
pub async fn a_batch_may_span_users(history: &History) {
    let writer = Writer::default();
    let tasks = [
        task_of("bob", "a"),
        task_of("alice", "a"),
        task_of("bob", "b"),
    ];
    let entries = tasks.each_ref().map(|task| writer.step(task, 1, Running));

    let saved = history.save_batch(&entries).await;

    assert_eq!(saved.added, 3);
    assert_eq!(saved.statuses, tasks.map(|task| (task, Running)).into());
    for entry in entries {
        assert_eq!(history.trail(&entry.task).await, [entry]);
    }
}

/// Entries of one task are accepted in batch order, regardless of their IDs, steps and times.
pub async fn a_batch_is_accepted_in_the_order_given(history: &History) {
    let writer = Writer::default();
    let (report, invoice) = (task("report"), task("invoice"));
    let mut entries: Vec<_> = (0..20)
        .map(|n| writer.step(if n % 3 == 0 { &invoice } else { &report }, n, Running))
        .map(|entry| Edit::recorded(entry.clone(), at(entry.step.get().unsigned_abs().into())))
        .collect();
    entries.reverse();

    history.save_batch(&entries).await;

    for task in [report, invoice] {
        let given: Vec<_> = entries.iter().filter(|entry| entry.task == task).collect();
        let trail = history.trail(&task).await;
        assert_eq!(trail.iter().collect::<Vec<_>>(), given);
    }
}

/// If a batch has several revisions of a step, the last one is the newest, regardless of IDs.
pub async fn the_last_revision_in_a_batch_is_the_newest(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let third = writer.step(&report, 1, Completed).recorded(at(1));
    let second = writer.step(&report, 1, Failed).recorded(at(2));
    let first = writer.step(&report, 1, Running).recorded(at(3));

    let saved = history.save_batch(&[first, second, third.clone()]).await;

    assert_eq!(saved.statuses, [(report.clone(), Completed)].into());
    assert_eq!(history.steps(&report).await, [third]);
}

/// Saving the same batch again changes nothing, even with other times.
pub async fn a_repeated_batch_changes_nothing(history: &History) {
    let writer = Writer::default();
    let entries = [writer.steps(&task("a"), 3), writer.steps(&task("b"), 3)].concat();
    let first = history.save_batch(&entries).await;
    let saved_once = history.snapshot().await;

    let later: Vec<_> = entries
        .into_iter()
        .map(|entry| entry.recorded(at(9)))
        .collect();
    let again = history.save_batch(&later).await;

    assert_eq!((first.added, again.added), (6, 0));
    assert_eq!(again.statuses, first.statuses);
    assert_eq!(history.snapshot().await, saved_once);
}

/// An entry saved alone and in a batch is stored once.
pub async fn a_batch_and_a_single_save_repeat_each_other(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let entries = writer.steps(&report, 3);
    history.save(&entries[1]).await;

    let saved = history.save_batch(&entries).await;
    history.save(&entries[2]).await;

    let accepted = [&entries[1], &entries[0], &entries[2]].map(Clone::clone);
    assert_eq!(saved.added, 2);
    assert_eq!(history.trail(&report).await, accepted);
}

/// An entry that occurs twice in a batch is added once, with the position and time of the first.
pub async fn a_duplicate_within_a_batch_changes_nothing(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let older = writer.step(&report, 1, Running).recorded(at(5));
    let newer = writer.step(&report, 1, Completed).recorded(at(6));
    let again = older.clone().recorded(at(9));

    let saved = history
        .save_batch(&[older.clone(), newer.clone(), again])
        .await;

    assert_eq!(saved.added, 2);
    assert_eq!(saved.statuses, [(report.clone(), Completed)].into());
    assert_eq!(history.trail(&report).await, [older, newer]);
}

/// A batch with an entry that conflicts with a stored one is refused as a whole.
pub async fn a_conflict_with_a_stored_entry_refuses_the_whole_batch(history: &History) {
    let writer = Writer::default();
    let stored = writer.step(&task("report"), 1, Running);
    history.save(&stored).await;
    let contradictions = [
        stored.clone().giving(json!("another result")),
        writer.step(&task("report"), 2, Running).under(stored.id),
        writer.step(&task("invoice"), 1, Running).under(stored.id),
    ];

    for contradiction in contradictions {
        assert_refused(history, &writer, &[contradiction]).await;
    }
}

/// A batch with two conflicting entries is refused as a whole.
pub async fn a_conflict_within_a_batch_refuses_the_whole_batch(history: &History) {
    let writer = Writer::default();
    let entry = writer.step(&task("report"), 1, Running);
    let contradictions = [
        entry.clone().giving(json!("another result")),
        writer.step(&task("report"), 2, Running).under(entry.id),
        writer.step(&task("invoice"), 1, Running).under(entry.id),
    ];

    for contradiction in contradictions {
        assert_refused(history, &writer, &[entry.clone(), contradiction]).await;
    }
}

/// The same ID under two users in one batch is two entries.
pub async fn one_id_under_two_users_in_a_batch_is_two_entries(history: &History) {
    let writer = Writer::default();
    let alices = writer.step(&task_of("alice", "report"), 1, Running);
    let bobs = writer
        .step(&task_of("bob", "report"), 2, Failed)
        .under(alices.id);

    let saved = history.save_batch(&[alices.clone(), bobs.clone()]).await;

    assert_eq!(saved.added, 2);
    assert_eq!(history.trail(&alices.task).await, [alices]);
    assert_eq!(history.trail(&bobs.task).await, [bobs]);
}

/// For a finished task, a batch returns its final status.
pub async fn a_batch_returns_the_final_status_of_finished_tasks(history: &History) {
    let writer = Writer::default();
    let (begun, unknown) = (task("begun"), task("unknown"));
    history.save(&writer.step(&begun, 1, Running)).await;
    history.finish(&begun, FinalStatus::Failed, at(1)).await;
    history
        .finish(&unknown, FinalStatus::Cancelled, at(1))
        .await;
    let entries = [
        writer.step(&begun, 2, Completed),
        writer.step(&unknown, 1, Running),
    ];

    let saved = history.save_batch(&entries).await;

    assert_eq!(
        saved.statuses,
        [(begun, Failed), (unknown, Cancelled)].into()
    );
}

/// A batch gives the same summaries as saving its entries one by one.
pub async fn a_batch_gives_the_same_summaries_as_single_saves(history: &History) {
    let writer = Writer::default();
    let tasks = [task("a"), task("b"), task_of("bob", "a")];
    let statuses = [Running, Failed, Completed];
    let entries: Vec<_> = (0_u16..60)
        .map(|n| {
            let (task, status) = (&tasks[usize::from(n % 3)], statuses[usize::from(n / 3 % 3)]);
            writer
                .step(task, n * 7 % 11, status)
                .recorded(at(u64::from(n * 13 % 17)))
        })
        .collect();

    for part in entries.chunks(25) {
        history.save_batch(part).await;
    }

    history.assert_consistent().await;
}

/// A batch may be large: 2 500 entries are saved and read back completely.
pub async fn a_batch_may_be_large(history: &History) {
    let writer = Writer::default();
    let report = task("report");
    let entries = writer.steps(&report, 2500);

    let saved = history.save_batch(&entries).await;

    assert_eq!(saved.added, 2500);
    assert_eq!(history.steps(&report).await, entries);
    assert_eq!(history.trail(&report).await, entries);
}

/// Panics unless a batch with `refused` in its middle is refused as a whole, with the ID of the
/// last of them.
async fn assert_refused(history: &History, writer: &Writer, refused: &[HistoryEntry]) {
    let good = |user| writer.step(&task_of(user, "good"), 1, Running);
    let batch = [&[good("alice")], refused, &[good("bob")]].concat();
    let before = history.snapshot().await;

    let answer = history.port().save_batch(&batch).await;

    assert_conflict(answer, operation::SAVE_BATCH, refused[refused.len() - 1].id);
    assert_eq!(history.snapshot().await, before);
}
