//! The ids of users and tasks, which all contexts share.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

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

/// The beginning of the ids of some users, compared byte by byte. The default is empty: all users.
///
/// At most 255 bytes of UTF-8 without NUL characters.
///
/// ```
/// use tasktrail_domain::{UserId, UserPrefix};
///
/// let acme = UserPrefix::new("acme/")?;
/// assert!(acme.matches(&UserId::new("acme/alice")?));
/// # Ok::<(), tasktrail_domain::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct UserPrefix(Option<UserId>);

impl UserPrefix {
    /// All users.
    pub const ALL: Self = Self(None);

    /// Creates the prefix of the ids that begin with `text`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if it is longer than 255 bytes or contains a NUL.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if text.is_empty() {
            return Ok(Self::ALL);
        }
        Ok(Self(Some(UserId::new(text)?)))
    }

    /// Returns the text; empty for all users.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("", UserId::as_str)
    }

    /// Returns whether the id of a user begins with the prefix.
    #[must_use]
    pub fn matches(&self, user: &UserId) -> bool {
        user.as_str().starts_with(self.as_str())
    }
}

impl FromStr for UserPrefix {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl From<UserId> for UserPrefix {
    /// The users whose ids begin with this one, including the user itself.
    fn from(user: UserId) -> Self {
        Self(Some(user))
    }
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
    fn prefix_is_empty_or_valid_as_the_start_of_an_id() {
        let alice = UserId::new("alice").unwrap();
        let matches = |prefix: &str| UserPrefix::new(prefix).unwrap().matches(&alice);

        assert!(matches("") && matches("al") && matches("alice"));
        assert!(!matches("Al") && !matches("alice ") && !matches("lice"));
        assert_eq!(UserPrefix::new(""), Ok(UserPrefix::default()));
        assert!(UserPrefix::new("a\0").is_err() && UserPrefix::new("a".repeat(256)).is_err());
    }

    #[test]
    fn task_key_validates_both_ids() {
        let key = TaskKey::new("alice", "report").unwrap();

        assert_eq!(key.to_string(), "alice/report");
        assert_eq!(TaskKey::new("alice", "").unwrap_err().field(), "task_id");
    }
}
