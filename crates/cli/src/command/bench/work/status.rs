use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::task_history::{TaskHistoryRepository, TaskKey, TaskStatus};

use super::{Work, reading};
use crate::command::bench::callers::Caller;
use crate::command::bench::entries::{STEPS, Stamps, fetched, load};
use crate::command::bench::figures::Row;
use crate::command::bench::ground::Ground;
use crate::command::bench::progress::Progress;
use crate::failure::Failure;

const USERS: u32 = 100;

/// The tasks that are asked for.
pub(in crate::command::bench) struct Tasks(Arc<[TaskKey]>);

/// Loads so many tasks of a hundred users, of ten steps each.
pub(in crate::command::bench) async fn prepare(
    ground: &Ground,
    tasks: u32,
    progress: &Progress,
) -> Result<Tasks, Failure> {
    ground.clear().await?;
    progress.loads("steps for status", u64::from(tasks) * u64::from(STEPS));
    let keys = (0..tasks)
        .map(|number| {
            let (user, task) = (number % USERS, number / USERS);
            TaskKey::new(format!("user-{user}"), format!("task-{task}"))
        })
        .collect::<Result<Arc<[_]>, _>>()?;
    let mut stamps = Stamps::default();
    let now = stamps.time(Instant::now());
    let result = fetched()?;
    let steps = keys
        .iter()
        .flat_map(|task| (0..STEPS).map(move |step| (task, step)));
    let entries =
        steps.map(|(task, step)| Ok(stamps.entry(task.clone(), step, result.clone(), now)));
    load(&ground.manager.task_history()?, entries, progress).await?;
    Ok(Tasks(keys))
}

pub(in crate::command::bench) async fn measure(
    ground: &Ground,
    tasks: &Tasks,
    callers: u32,
    time: Duration,
) -> Result<Vec<Row>, Failure> {
    let caller = |histories| StatusCaller {
        histories,
        tasks: Arc::clone(&tasks.0),
        chosen: 0,
        random: fastrand::Rng::new(),
    };
    let measured = reading::measure(ground, callers, time, &[caller]).await?;
    let row = |measured| Row::of_reading(Work::Status, callers, measured);
    Ok(measured.iter().map(row).collect())
}

/// Asks for one task after the other, at random.
struct StatusCaller {
    histories: Arc<dyn TaskHistoryRepository>,
    tasks: Arc<[TaskKey]>,
    chosen: usize,
    random: fastrand::Rng,
}

impl Caller for StatusCaller {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        self.chosen = self.random.usize(..self.tasks.len());
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        let status = match self.tasks.get(self.chosen) {
            Some(task) => self.histories.status(task).await?,
            None => None,
        };
        reading::check(status == Some(TaskStatus::Completed), "a status")
    }
}
