//! The entries that are saved, and how they are loaded by the thousand.

use std::sync::Arc;
use std::time::Instant;

use tasktrail::InvalidValue;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::repository::RepositoryError;
use tasktrail::task_history::{
    EntryId, HistoryEntry, StepNumber, TaskHistoryRepository, TaskKey, TaskStatus, TaskStepResult,
};
use tasktrail::timestamp::Timestamp;
use tokio::task::JoinSet;

use super::progress::Progress;
use crate::failure::Failure;

/// How many steps a task has, but for those that are loaded.
pub(super) const STEPS: u16 = 10;

/// How many users the tasks belong to, in turn.
const USERS: u32 = 100;

/// Batches that are saved at the same time, and how many entries each has.
const LOADERS: usize = 4;
const BATCH: usize = 1000;

/// The task of that number, of one of a hundred users.
pub(super) fn task(number: u32) -> Result<TaskKey, InvalidValue> {
    let (user, task) = (number % USERS, number / USERS);
    TaskKey::new(format!("user-{user}"), format!("task-{task}"))
}

/// What came of every step that is saved.
pub(super) fn fetched() -> Result<TaskStepResult, InvalidValue> {
    TaskStepResult::builder("fetch", TaskStatus::Completed)
        .message("fetched 12 pages")
        .build()
}

/// Times and entry ids, without asking the system's clock or its randomness for each.
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

    /// A `UUIDv7` like any other: its time, and random bits.
    pub(super) fn id(&mut self, at: Timestamp) -> EntryId {
        let mut bits = [0; 10];
        self.random.fill(&mut bits);
        EntryId::derived(at, bits)
    }

    /// The next entry to be saved.
    pub(super) fn entry(
        &mut self,
        task: TaskKey,
        step: u16,
        step_result: TaskStepResult,
        recorded_at: Timestamp,
    ) -> HistoryEntry {
        HistoryEntry {
            id: self.id(recorded_at),
            task,
            step: StepNumber::from(step),
            step_result,
            recorded_at,
        }
    }
}

/// Saves so many steps of each task, all with this result, and all now.
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

/// Saves entries in batches, several at a time.
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
            loaded(&mut loading, progress).await?;
        }
        let histories = Arc::clone(histories);
        loading.spawn(async move { histories.save_batch(&batch).await.map(|saved| saved.added) });
    }
    while !loading.is_empty() {
        loaded(&mut loading, progress).await?;
    }
    Ok(())
}

async fn loaded(
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
    fn times_go_on_and_ids_are_different() {
        let mut stamps = StampGenerator::default();
        let now = Instant::now();
        let (one, later) = (stamps.time(now), stamps.time(now + Duration::from_secs(2)));

        assert_eq!(later.as_micros() - one.as_micros(), 2_000_000);
        assert_ne!(stamps.id(one), stamps.id(one));
    }
}
