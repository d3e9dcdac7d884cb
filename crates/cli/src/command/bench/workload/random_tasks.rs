//! Callers that read random tasks.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::TaskKey;
use tasktrail::task_history::TaskHistoryRepository;

use super::reading;
use crate::command::bench::callers::Caller;
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// A read of a task that checks its result.
pub(super) trait ReadTask: Send + 'static {
    fn read(
        histories: &dyn TaskHistoryRepository,
        task: &TaskKey,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

pub(super) async fn measure<R: ReadTask>(
    environment: &BenchEnvironment,
    tasks: &Arc<[TaskKey]>,
    callers: u32,
    time: Duration,
) -> Result<Vec<Measured>, Failure> {
    let caller = |histories| RandomTasks::<R> {
        histories,
        tasks: Arc::clone(tasks),
        chosen: 0,
        random: fastrand::Rng::new(),
        reads: PhantomData,
    };
    reading::measure(environment, callers, time, &[caller]).await
}

struct RandomTasks<R> {
    histories: Arc<dyn TaskHistoryRepository>,
    tasks: Arc<[TaskKey]>,
    chosen: usize,
    random: fastrand::Rng,
    reads: PhantomData<R>,
}

impl<R: ReadTask> Caller for RandomTasks<R> {
    fn prepare(&mut self, _now: Instant) -> Result<(), Failure> {
        self.chosen = self.random.usize(..self.tasks.len());
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        match self.tasks.get(self.chosen) {
            Some(task) => R::read(&*self.histories, task).await,
            None => reading::check(false, "the list of tasks"),
        }
    }
}
