//! The ids of users and tasks, which all contexts share.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::text::short_text;

short_text! {
    /// The id of a user, who owns tasks and everything else that a store keeps.
    UserId, "user_id"
}

short_text! {
    /// The id of a task, unique among the tasks of its user.
    TaskId, "task_id"
}

impl TaskId {
    /// The smallest possible id: the start of a range of ids.
    pub const FIRST: Self = Self(Cow::Borrowed("\u{1}"));
}

/// The key of a task: its user and its id. The same task id under two users is two tasks.
///
/// As JSON: `{"user_id": "alice", "task_id": "report-7"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskKey {
    /// The user that the task belongs to.
    #[serde(rename = "user_id")]
    pub user: UserId,
    /// The id of the task.
    #[serde(rename = "task_id")]
    pub task: TaskId,
}

impl TaskKey {
    /// Creates the key of a task.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if one of the ids is not 1 to 255 bytes long or contains a NUL.
    pub fn new<U, T>(user: U, task: T) -> Result<Self, InvalidValue>
    where
        U: TryInto<UserId>,
        T: TryInto<TaskId>,
        InvalidValue: From<U::Error> + From<T::Error>,
    {
        Ok(Self {
            user: user.try_into()?,
            task: task.try_into()?,
        })
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user, self.task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_0_or_256_bytes_or_with_a_nul_is_refused() {
        let limit = |text: String| UserId::new(text).unwrap_err().to_string();

        assert_eq!(
            limit(String::new()),
            "user_id must be 1 to 255 bytes long, got \"\""
        );
        assert_eq!(
            limit("é".repeat(128)),
            format!(
                "user_id must be 1 to 255 bytes long, got {:?}… of 256 bytes",
                "é".repeat(40)
            )
        );
        assert_eq!(
            limit("a\0b".into()),
            "user_id must be free of NUL characters, got \"a\\0b\""
        );
        assert!(UserId::new("a".repeat(255)).is_ok());
    }

    #[test]
    fn task_key_validates_both_ids() {
        let key = TaskKey::new("alice", "report").unwrap();

        assert_eq!(key.to_string(), "alice/report");
        assert_eq!(TaskKey::new("alice", "").unwrap_err().field(), "task_id");
    }
}
