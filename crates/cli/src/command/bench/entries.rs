//! The entries of the workloads, and bulk loading of entries.

use std::sync::Arc;
use std::time::Instant;

use tasktrail::InvalidValue;
use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{
    EntryId, HistoryEntry, StepNumber, TaskHistoryRepository, TaskStatus, TaskStepResult,
};
use tasktrail::timestamp::Timestamp;
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::failure::Failure;

/// Steps of a task, except in the workload load.
pub(super) const STEPS: u16 = 10;

/// Number of users, to which the tasks belong in turn.
const USERS: u32 = 100;

/// Number of concurrent batches, and entries per batch.
const LOADERS: usize = 4;
const BATCH: usize = 1000;

/// The key of the task with this number.
pub(super) fn task(number: u32) -> Result<TaskKey, InvalidValue> {
    let (user, task) = (number % USERS, number / USERS);
    TaskKey::new(format!("user-{user}"), format!("task-{task}"))
}

/// The result of every saved step.
pub(super) fn fetched() -> Result<TaskStepResult, InvalidValue> {
    TaskStepResult::builder("fetch", TaskStatus::Completed)
        .message("fetched 12 pages")
        .build()
}

/// Generates times and entry IDs without a system call for each of them.
#[derive(Debug)]
pub(super) struct StampGenerator {
    began: (Instant, Timestamp),
    random: fastrand::Rng,
}

impl Default for StampGenerator {
    fn default() -> Self {
        Self {
            began: (Instant::now(), SystemClock.now()),
            random: fastrand::Rng::new(),
        }
    }
}

impl StampGenerator {
    pub(super) fn time(&self, now: Instant) -> Timestamp {
        let (began, at) = self.began;
        at.saturating_add(now.saturating_duration_since(began))
    }

    /// Returns a `UUIDv7` with the given time and random bits.
    pub(super) fn id(&mut self, at: Timestamp) -> EntryId {
        let mut bits = [0; 10];
        self.random.fill(&mut bits);
        EntryId::derived(at, bits)
    }

    /// Returns an entry with a new ID.
    pub(super) fn entry(
        &mut self,
        task: TaskKey,
        step: u16,
        step_result: TaskStepResult,
        recorded_at: Timestamp,
    ) -> HistoryEntry {
        HistoryEntry::new(
            self.id(recorded_at),
            task,
            StepNumber::from(step),
            step_result,
            recorded_at,
        )
    }
}

/// Saves `steps` steps of each task, all with the same result and the current time.
pub(super) async fn load_steps(
    histories: &Arc<dyn TaskHistoryRepository>,
    tasks: &[TaskKey],
    steps: u16,
    result: &TaskStepResult,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut stamps = StampGenerator::default();
    let now = stamps.time(Instant::now());
    let steps = tasks
        .iter()
        .flat_map(|task| (0..steps).map(move |step| (task, step)));
    let entries =
        steps.map(|(task, step)| Ok(stamps.entry(task.clone(), step, result.clone(), now)));
    load(histories, entries, progress).await
}

/// Saves entries in concurrent batches.
pub(super) async fn load(
    histories: &Arc<dyn TaskHistoryRepository>,
    entries: impl IntoIterator<Item = Result<HistoryEntry, InvalidValue>>,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut entries = entries.into_iter();
    let mut loading = JoinSet::new();
    loop {
        let batch: Vec<_> = entries.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        if loading.len() == LOADERS {
            finish_one(&mut loading, progress).await?;
        }
        let histories = Arc::clone(histories);
        loading.spawn(async move { histories.save_batch(&batch).await.map(|saved| saved.added) });
    }
    while !loading.is_empty() {
        finish_one(&mut loading, progress).await?;
    }
    Ok(())
}

async fn finish_one(
    loading: &mut JoinSet<Result<u64, RepositoryError>>,
    progress: &Progress,
) -> Result<(), Failure> {
    if let Some(added) = loading.join_next().await {
        progress.advance(added??);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_advance_and_ids_are_unique() {
        let mut stamps = StampGenerator::default();
        let now = Instant::now();
        let (one, later) = (stamps.time(now), stamps.time(now + Duration::from_secs(2)));

        assert_eq!(later.as_micros() - one.as_micros(), 2_000_000);
        assert_ne!(stamps.id(one), stamps.id(one));
    }
}
