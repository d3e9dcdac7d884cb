use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ListCursor;
use crate::task_history::TaskSummary;
use crate::text::{read_hex, string_form, write_hex};
use crate::{InvalidValue, UserId};

/// A position in the list of the tasks of all users.
///
/// Its text form is opaque and safe in URLs: letters, digits and hyphens. Use it only to read the
/// next page; only the exact text that `Display` writes is accepted. The list is sorted by
/// ascending user, and the tasks of each user as in the list of that user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListAllCursor {
    /// The user of the task at this position.
    pub user: UserId,
    /// The position in the list of that user's tasks.
    pub place: ListCursor,
}

impl ListAllCursor {
    /// Returns the position of a task.
    #[must_use]
    pub fn of(summary: &TaskSummary) -> Self {
        Self {
            user: summary.task.user.clone(),
            place: ListCursor::of(summary),
        }
    }
}

impl fmt::Display for ListAllCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.user.as_str())?;
        write!(f, "-{}", self.place)
    }
}

string_form!(ListAllCursor);

impl FromStr for ListAllCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| {
                let expected = "a cursor that a list of all users returned";
                InvalidValue::text("cursor", expected, text)
            })
    }
}

/// Also reads other spellings of a user, such as upper-case digits.
fn read(text: &str) -> Option<ListAllCursor> {
    let (user, place) = text.split_once('-')?;
    Some(ListAllCursor {
        user: UserId::new(read_hex(user)?).ok()?,
        place: place.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TaskId;
    use crate::timestamp::Timestamp;

    #[test]
    fn cursor_round_trips() {
        for user in ["alice", "a-b", "müller/7"] {
            let cursor = ListAllCursor {
                user: UserId::new(user).unwrap(),
                place: ListCursor {
                    last_updated: Timestamp::default(),
                    task: TaskId::new("tâche-1/2").unwrap(),
                },
            };

            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn invalid_cursor_is_refused() {
        for text in [
            "",
            "61",
            "61-",
            "-8000000000000000-61",
            "8000000000000000-61",
            "6-8000000000000000-61",
            "6A-8000000000000000-61",
            "6a-8000000000000000-6",
            "6a-8000000000000000-6A",
            " 6a-8000000000000000-61",
            "00-8000000000000000-61",
        ] {
            assert!(text.parse::<ListAllCursor>().is_err(), "{text:?}");
        }
    }
}
