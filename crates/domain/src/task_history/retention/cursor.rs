use crate::TaskKey;
use crate::task_history::ListCursor;

/// A position in a run of removals by one policy.
///
/// A [`TaskKey`] converts to the position after that task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemovalCursor {
    /// The last task that was checked. The next batch starts after it.
    pub task: TaskKey,
    /// The last of the newest tasks of its user that the policy keeps, as a position in the user's
    /// list: tasks up to this position are kept. If `None`, the next batch determines it.
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
