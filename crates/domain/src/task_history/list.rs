use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ErrorCode, StatusSet, TaskSummary};
use crate::text::string_form;
use crate::timestamp::Timestamp;
use crate::{InvalidValue, TaskId};

/// A filter for the tasks of a user. The default accepts all tasks.
///
/// ```
/// use tasktrail_domain::task_history::{ErrorCode, TaskFilter, TaskStatus};
///
/// let timed_out = TaskFilter::default()
///     .with_statuses(TaskStatus::Failed)
///     .with_error_code(ErrorCode::TIMEOUT);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskFilter {
    /// Accepts only tasks with these statuses.
    pub statuses: StatusSet,
    /// Accepts only tasks whose summary has this error code.
    pub error_code: Option<ErrorCode>,
    /// Accepts only tasks with their last activity at this instant or later.
    pub since: Option<Timestamp>,
    /// Accepts only tasks with their last activity before this instant.
    pub until: Option<Timestamp>,
}

impl TaskFilter {
    /// Sets [`statuses`](Self::statuses).
    #[must_use]
    pub fn with_statuses(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// Sets [`error_code`](Self::error_code).
    #[must_use]
    pub fn with_error_code(mut self, code: impl Into<Option<ErrorCode>>) -> Self {
        self.error_code = code.into();
        self
    }

    /// Sets [`since`](Self::since).
    #[must_use]
    pub fn with_since(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.since = instant.into();
        self
    }

    /// Sets [`until`](Self::until).
    #[must_use]
    pub fn with_until(mut self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.until = instant.into();
        self
    }

    /// Returns whether the filter accepts a task.
    #[must_use]
    pub fn accepts(&self, task: &TaskSummary) -> bool {
        self.statuses.contains(task.status)
            && self
                .error_code
                .as_ref()
                .is_none_or(|code| task.error_code.as_ref() == Some(code))
            && self.since.is_none_or(|since| task.last_updated >= since)
            && self.until.is_none_or(|until| task.last_updated < until)
    }
}

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
        self.task
            .as_str()
            .bytes()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
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
    let bytes = task
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    Some(ListCursor {
        last_updated: Timestamp::from_micros(micros).ok()?,
        task: TaskId::new(String::from_utf8(bytes).ok()?).ok()?,
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
