use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tasktrail::TaskKey;
use tasktrail::task_history::{
    TaskHistoryRepository, TaskHistoryRepositoryExt, TaskStatus, TaskStepResult,
};

use super::random_tasks::{self, ReadTask};
use super::row::Row;
use super::{Workload, reading};
use crate::command::bench::entries::{load_steps, task};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

const TASKS: u32 = 100;
const LOADED_STEPS: u16 = 100;
const PAYLOAD_BYTES: usize = 256;

/// The tasks to load.
pub(in crate::command::bench) struct Tasks(Arc<[TaskKey]>);

/// Saves 100 tasks of 100 steps, each with a payload of 256 bytes.
pub(in crate::command::bench) async fn prepare(
    environment: &BenchEnvironment,
    progress: &Progress,
) -> Result<Tasks, Failure> {
    environment.clear().await?;
    progress.start_loading("steps for load", u64::from(TASKS) * u64::from(LOADED_STEPS));
    let tasks = (0..TASKS).map(task).collect::<Result<Arc<[_]>, _>>()?;
    let result = TaskStepResult::builder("fetch", TaskStatus::Completed)
        .result(json!({ "payload": text(fastrand::Rng::with_seed(0)) }))
        .message("fetched 12 pages")
        .build()?;
    let histories = environment.manager.task_history()?;
    load_steps(&histories, &tasks, LOADED_STEPS, &result, progress).await?;
    Ok(Tasks(tasks))
}

/// Random text, because repeated characters would be compressed.
fn text(mut random: fastrand::Rng) -> String {
    std::iter::repeat_with(|| random.alphanumeric())
        .take(PAYLOAD_BYTES)
        .collect()
}

pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    tasks: &Tasks,
    callers: u32,
    time: Duration,
) -> Result<Vec<Row>, Failure> {
    let measured = random_tasks::measure::<Load>(environment, &tasks.0, callers, time).await?;
    let row = |measured| Row::of_reading(Workload::Load, callers, measured);
    Ok(measured.iter().map(row).collect())
}

/// Loads all steps of the task.
struct Load;

impl ReadTask for Load {
    async fn read(histories: &dyn TaskHistoryRepository, task: &TaskKey) -> Result<(), Failure> {
        let steps = histories.load_all(task).await?;
        reading::check(steps.len() == usize::from(LOADED_STEPS), "a loaded task")
    }
}
