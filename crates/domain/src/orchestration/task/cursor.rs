use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::list::TaskOverview;
use crate::task_history::ListCursor;
use crate::text::string_form;
use crate::timestamp::Timestamp;
use crate::{InvalidValue, TaskId};

/// A position in the list of an owner's tasks, which is sorted by descending creation, and by
/// descending id for equal instants.
///
/// Its text form is opaque and safe in URLs, as that of a [`ListCursor`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskCursor {
    /// The creation of the task at this position.
    pub created_at: Timestamp,
    /// The task at this position.
    pub task: TaskId,
}

impl TaskCursor {
    /// Returns the position of a task.
    #[must_use]
    pub fn of(task: &TaskOverview) -> Self {
        Self {
            created_at: task.progress.created_at,
            task: task.key.task.clone(),
        }
    }
}

impl fmt::Display for TaskCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last_updated = self.created_at;
        let task = self.task.clone();
        ListCursor { last_updated, task }.fmt(f)
    }
}

impl FromStr for TaskCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ListCursor { last_updated, task } = text.parse()?;
        let created_at = last_updated;
        Ok(Self { created_at, task })
    }
}

string_form!(TaskCursor);
