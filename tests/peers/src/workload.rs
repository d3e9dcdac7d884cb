//! The saves of all programs, the same as those of `tasktrail bench`.

use anyhow::Result;
use tasktrail::TaskKey;
use tasktrail::clock::{Clock, SystemClock};
use tasktrail::id::{IdGenerator, RandomIdGenerator};
use tasktrail::task_history::{HistoryEntry, StepNumber, TaskStatus, TaskStepResult};

/// The number of steps of a task.
pub(crate) const STEPS: u32 = 10;

/// The result of every step.
pub(crate) fn step_result() -> Result<TaskStepResult> {
    let result = TaskStepResult::builder("fetch", TaskStatus::Completed);
    Ok(result.message("fetched 12 pages").build()?)
}

/// The saves of one caller: step after step, task after task, without repetitions.
#[derive(Debug)]
pub(crate) struct Workload {
    user: String,
    ids: RandomIdGenerator,
    step_result: TaskStepResult,
    next: u32,
}

impl Workload {
    pub(crate) fn of(caller: u32) -> Result<Self> {
        Self::from_task(caller, 0)
    }

    /// Starts with the task of the given number.
    pub(crate) fn from_task(caller: u32, task: u32) -> Result<Self> {
        Ok(Self {
            user: format!("user-{caller}"),
            ids: RandomIdGenerator::default(),
            step_result: step_result()?,
            next: task * STEPS,
        })
    }

    pub(crate) fn next(&mut self) -> Result<HistoryEntry> {
        let number = self.next;
        self.next += 1;
        self.entry(number / STEPS, number % STEPS)
    }

    /// Returns the entry of a step of a task.
    pub(crate) fn entry(&self, task: u32, step: u32) -> Result<HistoryEntry> {
        let now = SystemClock.now();
        Ok(HistoryEntry::new(
            self.ids.next(now).into(),
            TaskKey::new(self.user.as_str(), format!("task-{task}"))?,
            StepNumber::new(i64::from(step))?,
            self.step_result.clone(),
            now,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_steps_make_a_task() {
        let mut workload = Workload::from_task(7, 41).unwrap();
        let keys: Vec<_> = (0..11)
            .map(|_| workload.next().unwrap())
            .map(|entry| (entry.task.to_string(), entry.step.get()))
            .collect();

        assert_eq!(keys[0], ("user-7/task-41".to_owned(), 0));
        assert_eq!(keys[9], ("user-7/task-41".to_owned(), 9));
        assert_eq!(keys[10], ("user-7/task-42".to_owned(), 0));
    }
}
