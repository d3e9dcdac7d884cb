use std::sync::Arc;
use std::time::{Duration, Instant};

use tasktrail::InvalidValue;
use tasktrail::task_history::{HistoryEntry, StepNumber, TaskHistoryRepository};
use tasktrail::{TaskId, TaskKey, UserId};

use super::Workload;
use super::row::{Row, Written};
use crate::command::bench::callers::{Caller, WARM_UP, call_for};
use crate::command::bench::entries::{STEPS, StampGenerator, fetched};
use crate::command::bench::environment::BenchEnvironment;
use crate::command::bench::measured::Measured;
use crate::failure::Failure;

/// Group commit is on and off in alternation, so that disturbances affect both, and neither always
/// has the larger table.
const TURNS: [bool; 4] = [true, false, false, true];

/// Turns of each mode, which share its time.
const TURNS_OF_EACH: u32 = 2;

/// The sum of the turns of one mode.
#[derive(Default)]
struct Sum {
    measured: Measured,
    log_bytes: u64,
    /// Includes the warm-up, as `saves` does.
    rows_died: u64,
    saves: u64,
}

/// Measures both modes with `callers` callers, starting with empty tables.
pub(in crate::command::bench) async fn measure(
    environment: &BenchEnvironment,
    callers: u32,
    time: Duration,
) -> Result<[Row; 2], Failure> {
    environment.clear().await?;
    let histories = environment.manager.task_history()?;
    let mut saving = (0..callers)
        .map(|number| SaveCaller::new(number, &histories))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut batched, mut single) = (Sum::default(), Sum::default());
    for group_commit in TURNS {
        let sum = if group_commit {
            &mut batched
        } else {
            &mut single
        };
        saving = turn(environment, group_commit, time / TURNS_OF_EACH, saving, sum).await?;
    }
    Ok([batched.row(callers, true), single.row(callers, false)])
}

/// Measures one turn. Dead rows are known once the connections are closed, and WAL as soon as it is
/// written.
async fn turn(
    environment: &BenchEnvironment,
    group_commit: bool,
    time: Duration,
    mut callers: Vec<SaveCaller>,
    sum: &mut Sum,
) -> Result<Vec<SaveCaller>, Failure> {
    let before = environment.statistics().await?;
    let manager = environment.open(group_commit).await?;
    let histories = manager.task_history()?;
    for caller in &mut callers {
        caller.histories = Arc::clone(&histories);
    }
    let (warm_up, callers) = call_for(WARM_UP, callers).await?;
    let warm = environment.statistics().await?;
    let (measured, callers) = call_for(time, callers).await?;
    let done = environment.statistics().await?;
    manager.close().await;
    let saves = warm_up.count + measured.count;
    let after = environment
        .statistics_when(|now| now.entries.rows_added >= before.entries.rows_added + saves)
        .await?;
    sum.measured.add(&measured);
    sum.log_bytes += done.log_bytes.saturating_sub(warm.log_bytes);
    sum.rows_died += Written::rows_died(&before, &after);
    sum.saves += saves;
    Ok(callers)
}

impl Sum {
    fn row(self, callers: u32, group_commit: bool) -> Row {
        let written = Written {
            log_bytes: self.log_bytes,
            rows_died: self.rows_died,
            by: self.saves,
        };
        Row {
            group_commit: Some(group_commit),
            ..Row::of_writing(Workload::Save, callers, &self.measured, &written)
        }
    }
}

/// A caller that saves step after step, in tasks of ten steps of its own user. Each key is used
/// once per measurement.
struct SaveCaller {
    histories: Arc<dyn TaskHistoryRepository>,
    stamps: StampGenerator,
    user: UserId,
    saved: u64,
    entry: HistoryEntry,
}

impl SaveCaller {
    fn new(number: u32, histories: &Arc<dyn TaskHistoryRepository>) -> Result<Self, InvalidValue> {
        let user = UserId::new(format!("user-{number}"))?;
        let mut stamps = StampGenerator::default();
        let task = TaskKey {
            user: user.clone(),
            task: TaskId::new("task-0")?,
        };
        let now = stamps.time(Instant::now());
        Ok(Self {
            histories: Arc::clone(histories),
            entry: stamps.entry(task, 0, fetched()?, now),
            stamps,
            user,
            saved: 0,
        })
    }
}

impl Caller for SaveCaller {
    fn prepare(&mut self, now: Instant) -> Result<(), Failure> {
        let step = self.saved % u64::from(STEPS);
        if step == 0 {
            let task = TaskId::new(format!("task-{}", self.saved / u64::from(STEPS)))?;
            self.entry.task = TaskKey {
                user: self.user.clone(),
                task,
            };
        }
        self.entry.step = StepNumber::from(u16::try_from(step)?);
        self.entry.recorded_at = self.stamps.time(now);
        self.entry.id = self.stamps.id(self.entry.recorded_at);
        Ok(())
    }

    async fn call(&mut self) -> Result<(), Failure> {
        self.histories.save(&self.entry).await?;
        self.saved += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tasktrail::DatabaseManager;

    use super::*;

    #[tokio::test]
    async fn caller_saves_ten_steps_of_each_task_without_gaps() {
        let manager = DatabaseManager::in_memory();
        let histories = manager.task_history().unwrap();
        let mut caller = SaveCaller::new(7, &histories).unwrap();
        for _ in 0..25 {
            // A prepared call that is never made leaves no gap.
            caller.prepare(Instant::now()).unwrap();
            caller.prepare(Instant::now()).unwrap();
            caller.call().await.unwrap();
        }

        let mut steps = Vec::new();
        for task in ["task-0", "task-1", "task-2", "task-3"] {
            let task = TaskKey::new("user-7", task).unwrap();
            steps.push(manager.load_task_history(&task).await.unwrap().len());
        }
        assert_eq!(steps, [10, 10, 5, 0]);
    }
}
