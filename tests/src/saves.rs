//! Entries to save, and counts of stored entries.

use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::id::{IdGenerator, RandomIdGenerator};
use tasktrail::task_history::{EntryId, HistoryEntry, StepNumber, TaskStatus, TaskStepResult};
use tasktrail_test_support::TestDatabase;

/// Returns a running step of a task, recorded now. The entries of tasks with names of the same
/// length have the same size on the wire.
#[must_use]
pub fn entry(task: &TaskKey, step: i64) -> HistoryEntry {
    let recorded_at = SystemClock.now();
    HistoryEntry::new(
        RandomIdGenerator::default().next(recorded_at).into(),
        task.clone(),
        StepNumber::new(step).unwrap(),
        TaskStepResult::builder("step", TaskStatus::Running)
            .build()
            .unwrap(),
        recorded_at,
    )
}

/// Counts all entries, on a connection without faults.
#[must_use]
pub fn entries(database: &TestDatabase) -> usize {
    number(database, "SELECT count(*) FROM task_history")
}

/// Counts the copies of an entry.
#[must_use]
pub fn copies(database: &TestDatabase, entry: EntryId) -> usize {
    let counted = format!("SELECT count(*) FROM task_history WHERE entry_id = '{entry}'");
    number(database, &counted)
}

/// Returns the number that is the only value of a query.
#[must_use]
pub fn number(database: &TestDatabase, query: &str) -> usize {
    let rows = database.execute(query).unwrap();
    let value = rows.into_iter().flatten().flatten().next();
    value.unwrap().parse().unwrap()
}
