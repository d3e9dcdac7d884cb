use crate::task_history::{ListCursor, TaskKey};

/// Where a walk of removals by one policy continues.
///
/// A [`TaskKey`] is one as well, of a walk that begins behind that task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemovalCursor {
    /// The last task that the walk looked at; the next batch begins behind it.
    pub task: TaskKey,
    /// Where the newest tasks of its user end, if the policy keeps some: those at this place in the list of all
    /// tasks and at earlier ones are kept. `None` if the walk has not found it, then the next batch does.
    pub last_kept: Option<ListCursor>,
}

impl From<TaskKey> for RemovalCursor {
    fn from(task: TaskKey) -> Self {
        Self {
            task,
            last_kept: None,
        }
    }
}
