use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tasktrail::task_history::{
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskKey, TaskStatus, TaskStepResult,
};

use super::{Work, reading};
use crate::command::bench::callers::Caller;
use crate::command::bench::entries::{Stamps, load};
use crate::command::bench::figures::Row;
use crate::command::bench::ground::Ground;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

const TASKS: u32 = 100;
const LOADED_STEPS: u16 = 100;
const PAYLOAD_BYTES: usize = 256;

/// The tasks that are loaded.
pub(in crate::command::bench) struct Tasks(Arc<[TaskKey]>);

/// Loads a hundred tasks of a hundred steps, each with a payload of 256 bytes.
pub(in crate::command::bench) async fn prepare(
    ground: &Ground,
    progress: &Progress,
) -> Result<Tasks, Failure> {
    ground.clear().await?;
    progress.loads("steps for load", u64::from(TASKS) * u64::from(LOADED_STEPS));
    let keys = (0..TASKS)
        .map(|number| TaskKey::new(format!("user-{number}"), "task-0"))
        .collect::<Result<Arc<[_]>, _>>()?;
    let mut stamps = Stamps::default();
    let now = stamps.time(Instant::now());
    let payload = fastrand::Rng::with_seed(0);
    let result = TaskStepResult::builder("fetch", TaskStatus::Completed)
        .result(json!({ "payload": text(payload) }))
        .message("fetched 12 pages")
        .build()?;
    let steps = keys
        .iter()
        .flat_map(|task| (0..LOADED_STEPS).map(move |step| (task, step)));
    let entries =
        steps.map(|(task, step)| Ok(stamps.entry(task.clone(), step, result.clone(), now)));
    load(&ground.manager.task_history()?, entries, progress).await?;
    Ok(Tasks(keys))
}

/// Not one letter again and again, which would be stored in less.
fn text(mut random: fastrand::Rng) -> String {
    std::iter::repeat_with(|| random.alphanumeric())
        .take(PAYLOAD_BYTES)
        .collect()
}

pub(in crate::command::bench) async fn measure(
    ground: &Ground,
    tasks: &Tasks,
    callers: u32,
    time: Duration,
) -> Result<Vec<Row>, Failure> {
    let caller = |histories| LoadCaller {
        histories,
        tasks: Arc::clone(&tasks.0),
        chosen: 0,
        random: fastrand::Rng::new(),
    };
    let measured = reading::measure(ground, callers, time, &[caller]).await?;
    let row = |measured| Row::of_reading(Work::Load, callers, measured);
    Ok(measured.iter().map(row).collect())
}

/// Loads one task after the other, at random.
struct LoadCaller {
    histories: Arc<dyn TaskHistoryRepository>,
    tasks: Arc<[TaskKey]>,
    chosen: usize,
    random: fastrand::Rng,
}

impl Caller for LoadCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        self.chosen = self.random.usize(..self.tasks.len());
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let steps = match self.tasks.get(self.chosen) {
            Some(task) => self.histories.load_all(task).await?,
            None => Vec::new(),
        };
        reading::check(steps.len() == usize::from(LOADED_STEPS), "a loaded task")
    }
}
