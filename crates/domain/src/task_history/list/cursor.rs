use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::task_history::TaskSummary;
use crate::text::{read_hex, string_form, write_hex};
use crate::timestamp::Timestamp;
use crate::{InvalidValue, TaskId};

/// A position in the list of a user's tasks.
///
/// Its text form is opaque and safe in URLs: letters, digits and a hyphen. Use it only to read the
/// next page; only the exact text that `Display` writes is accepted. The list is sorted by
/// descending last activity, and by descending task id for equal instants, so a single comparison
/// of the pair decides what follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListCursor {
    /// The last activity of the task at this position.
    pub last_updated: Timestamp,
    /// The task at this position.
    pub task: TaskId,
}

impl ListCursor {
    /// Returns the position of a task.
    #[must_use]
    pub fn of(summary: &TaskSummary) -> Self {
        Self {
            last_updated: summary.last_updated,
            task: summary.task.task.clone(),
        }
    }

    /// Returns the position after every task with its last activity at `instant` or later.
    #[must_use]
    pub const fn until(instant: Timestamp) -> Self {
        Self {
            last_updated: instant,
            task: TaskId::FIRST,
        }
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The flipped sign bit avoids a minus sign, so that all cursors have the same form.
        let instant = self.last_updated.as_micros().cast_unsigned() ^ (1 << 63);
        write!(f, "{instant:x}-")?;
        write_hex(f, self.task.as_str())
    }
}

string_form!(ListCursor);

impl FromStr for ListCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text)
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| InvalidValue::text("cursor", "a cursor that a list returned", text))
    }
}

/// Also reads other spellings of a cursor, such as `+8` and upper-case digits.
fn read(text: &str) -> Option<ListCursor> {
    let (instant, task) = text.split_once('-')?;
    let micros = (u64::from_str_radix(instant, 16).ok()? ^ (1 << 63)).cast_signed();
    Some(ListCursor {
        last_updated: Timestamp::from_micros(micros).ok()?,
        task: TaskId::new(read_hex(task)?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_round_trips() {
        for instant in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            let cursor = ListCursor {
                last_updated: instant,
                task: TaskId::new("tâche-1/2").unwrap(),
            };

            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn invalid_cursor_is_refused() {
        for text in [
            "",
            "-",
            "8000000000000000-",
            "8000000000000000-zz",
            "x-61",
            "8-6",
            "+8000000000000000-61",
            "08000000000000000-61",
            "7fffffffffffffff-+1",
            "7FFFFFFFFFFFFFFF-61",
            "8000000000000000-6A",
            "8000000000000000-6",
            " 8000000000000000-61",
            "8000000000000000-61 ",
        ] {
            assert!(text.parse::<ListCursor>().is_err(), "{text:?}");
        }
    }
}
