use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{StepNumber, TaskStepResult};

/// A step result to record. The manager adds the entry id and the time.
///
/// ```
/// use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
/// use tasktrail::{NewEntry, TaskKey};
///
/// let fetched = TaskStepResult::builder("fetch", TaskStatus::Completed).build()?;
/// let entry = NewEntry::new(TaskKey::new("alice", "report")?, StepNumber::from(0), fetched);
/// # Ok::<(), tasktrail::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewEntry {
    /// The task.
    pub task: TaskKey,
    /// The position of the step in its task.
    pub step: StepNumber,
    /// The result of the step.
    pub step_result: TaskStepResult,
}

impl NewEntry {
    /// Creates the entry of a step of a task.
    #[must_use]
    pub const fn new(task: TaskKey, step: StepNumber, step_result: TaskStepResult) -> Self {
        Self {
            task,
            step,
            step_result,
        }
    }
}
