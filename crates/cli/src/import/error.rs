use std::fmt;
use std::io;

use tasktrail::repository::{ErrorChain, RepositoryError};
use tasktrail::task_history::Finish;

use super::record::Fault;

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// An input could not be opened.
    #[error("cannot open {name}")]
    Open {
        /// The input.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// An input could not be read to its end, such as a truncated gzip file.
    #[error("{name}:{line}: cannot read on")]
    Read {
        /// The input.
        name: String,
        /// The line that could not be read, counted from 1.
        line: u64,
        /// Why not.
        source: io::Error,
    },
    /// A line is bad.
    #[error(transparent)]
    BadLine(BadLine),
    /// The store did not take lines. Some of those in between may be saved all the same.
    #[error("{name}:{first_line}: not all of lines {first_line} to {last_line} are saved")]
    Save {
        /// The input.
        name: String,
        /// The first line that is not saved, counted from 1.
        first_line: u64,
        /// The last one.
        last_line: u64,
        /// Why not.
        source: RepositoryError,
    },
}

impl ImportError {
    /// None of these lines are saved.
    pub(super) fn not_saved(
        name: &str,
        lines: impl IntoIterator<Item = u64>,
        source: RepositoryError,
    ) -> Self {
        let (mut first_line, mut last_line) = (u64::MAX, 0);
        for line in lines {
            first_line = first_line.min(line);
            last_line = last_line.max(line);
        }
        Self::Save {
            name: name.to_owned(),
            first_line,
            last_line,
            source,
        }
    }
}

/// A line that cannot be saved, because of what is in it.
///
/// `Display` names input, line, field and reason: `runs.jsonl:7: step_result.status: …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadLine {
    /// The input.
    pub name: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The path of the field that is wrong; `None` where it is the line as a whole.
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

impl BadLine {
    pub(super) fn new(name: &str, line: u64, fault: Fault) -> Self {
        Self {
            name: name.to_owned(),
            line,
            field: fault.field,
            reason: fault.reason,
        }
    }

    pub(super) fn conflict(name: &str, line: u64, error: &RepositoryError) -> Self {
        Self::new(name, line, Fault::of_line(ErrorChain(error).to_string()))
    }

    pub(super) fn finished_before(name: &str, line: u64, stands: Finish) -> Self {
        let reason = format!(
            "the task was finished before as {}, at {}",
            stands.status, stands.at
        );
        Self::new(name, line, Fault::of_line(reason))
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.name, self.line)?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.reason)
    }
}
