use std::sync::Arc;
use std::time::Duration;

use tasktrail::TaskKey;
use tasktrail::task_history::{TaskHistoryRepository, TaskStatus};

use super::random_tasks::{self, ReadTask};
use super::row::Row;
use super::{Workload, reading};
use crate::command::bench::entries::{STEPS, fetched, load_steps, task};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

/// The tasks whose status is read.
pub(in crate::command::bench) struct Tasks(Arc<[TaskKey]>);

/// Saves `tasks` tasks of 100 users, with ten steps each.
pub(in crate::command::bench) async fn prepare(
    environment: &BenchEnvironment,
    tasks: u32,
    progress: &Progress,
) -> Result<Tasks, Failure> {
    environment.clear().await?;
    progress.start_loading("steps for status", u64::from(tasks) * u64::from(STEPS));
    let tasks = (0..tasks).map(task).collect::<Result<Arc<[_]>, _>>()?;
    let histories = environment.manager.task_history()?;
    load_steps(&histories, &tasks, STEPS, &fetched()?, progress).await?;
    Ok(Tasks(tasks))
}

pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    tasks: &Tasks,
    callers: u32,
    time: Duration,
) -> Result<Vec<Row>, Failure> {
    let measured = random_tasks::measure::<Status>(environment, &tasks.0, callers, time).await?;
    let row = |measured| Row::of_reading(Workload::Status, callers, measured);
    Ok(measured.iter().map(row).collect())
}

/// Reads the status of the task.
struct Status;

impl ReadTask for Status {
    async fn read(histories: &dyn TaskHistoryRepository, task: &TaskKey) -> Result<(), Failure> {
        let status = histories.status(task).await?;
        reading::check(status == Some(TaskStatus::Completed), "a status")
    }
}
