//! Entries to save, and what a database holds of them.

use tasktrail::clock::{Clock, SystemClock};
use tasktrail::task_history::{
    EntryId, EntryIdGenerator, HistoryEntry, RandomEntryIdGenerator, StepNumber, TaskKey,
    TaskStatus, TaskStepResult,
};
use tasktrail_test_support::TestDatabase;

/// A step of a task that runs, recorded now. All such entries of tasks whose names are of the same
/// length take the same number of bytes on their way.
#[must_use]
pub fn entry(task: &TaskKey, step: i64) -> HistoryEntry {
    let recorded_at = SystemClock.now();
    HistoryEntry {
        id: RandomEntryIdGenerator::default().next(recorded_at),
        task: task.clone(),
        step: StepNumber::new(step).unwrap(),
        step_result: TaskStepResult::builder("step", TaskStatus::Running)
            .build()
            .unwrap(),
        recorded_at,
    }
}

/// How many entries there are, counted on a connection that no fault is on.
#[must_use]
pub fn entries(database: &TestDatabase) -> usize {
    number(database, "SELECT count(*) FROM task_history")
}

/// How often an entry is there.
#[must_use]
pub fn copies(database: &TestDatabase, entry: EntryId) -> usize {
    let counted = format!("SELECT count(*) FROM task_history WHERE entry_id = '{entry}'");
    number(database, &counted)
}

/// The only value of the only row of a query, a number.
#[must_use]
pub fn number(database: &TestDatabase, query: &str) -> usize {
    let rows = database.execute(query).unwrap();
    let value = rows.into_iter().flatten().flatten().next();
    value.unwrap().parse().unwrap()
}
