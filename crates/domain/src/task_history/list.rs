use std::fmt;
use std::str::FromStr;

use super::{ErrorCode, StatusSet, TaskId, TaskSummary};
use crate::InvalidValue;
use crate::timestamp::Timestamp;

/// Which of a user's tasks to list. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Only tasks of these statuses.
    pub statuses: StatusSet,
    /// Only tasks whose summary has this error code.
    pub error_code: Option<ErrorCode>,
    /// Only tasks with their last activity at this instant or later.
    pub since: Option<Timestamp>,
    /// Only tasks with their last activity before this instant.
    pub until: Option<Timestamp>,
}

impl TaskFilter {
    /// Whether a task passes.
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

/// A place in the list of a user's tasks.
///
/// As text it is opaque: letters, digits and hyphens, good for URLs, and only for reading on.
/// The list runs from the latest activity to the earliest, and at the same instant from the
/// greatest task id to the smallest, so that one comparison of the pair tells what comes after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListCursor {
    /// The last activity of the task at this place.
    pub last_updated: Timestamp,
    /// The task at this place.
    pub task: TaskId,
}

impl ListCursor {
    /// The place of a task.
    #[must_use]
    pub fn of(summary: &TaskSummary) -> Self {
        Self {
            last_updated: summary.last_updated,
            task: summary.task.task.clone(),
        }
    }

    /// The place behind every task with activity at `instant` or later.
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
        // The instant with its sign bit turned, so that every cursor has the same form.
        let instant = self.last_updated.as_micros().cast_unsigned() ^ (1 << 63);
        write!(f, "{instant:x}-")?;
        self.task
            .as_str()
            .bytes()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ListCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| InvalidValue::text("cursor", "one that a list gave", text))
    }
}

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
    fn a_cursor_is_read_as_it_is_written() {
        for instant in [Timestamp::MIN, Timestamp::default(), Timestamp::MAX] {
            let cursor = ListCursor {
                last_updated: instant,
                task: TaskId::new("tâche-1/2").unwrap(),
            };

            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn a_text_that_no_list_gave_is_refused() {
        for text in [
            "",
            "-",
            "8000000000000000-",
            "8000000000000000-zz",
            "x-61",
            "8-6",
        ] {
            assert!(text.parse::<ListCursor>().is_err(), "{text:?}");
        }
    }
}
