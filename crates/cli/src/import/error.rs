use std::fmt;
use std::io;

use tasktrail::repository::{ErrorChain, RepositoryError};
use tasktrail::task_history::Finish;

use super::record::Fault;

/// The reason why an import stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// An input cannot be opened.
    #[error("cannot open {name}")]
    Open {
        /// Name of the input.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// An input cannot be read to its end, for example a truncated gzip file.
    #[error("{name}:{line}: cannot read the next line")]
    Read {
        /// Name of the input.
        name: String,
        /// The line that could not be read, counted from 1.
        line: u64,
        /// The cause.
        source: io::Error,
    },
    /// A line is invalid, and invalid lines are not skipped.
    #[error(transparent)]
    InvalidLine(InvalidLine),
    /// The store failed to save lines. Other lines in this range may be saved. Import the file
    /// again to save the rest.
    #[error("{name}:{first_line}: not all of lines {first_line} to {last_line} are saved")]
    Save {
        /// Name of the input.
        name: String,
        /// The first line that is not saved, counted from 1.
        first_line: u64,
        /// The last line that is not saved, counted from 1.
        last_line: u64,
        /// The cause.
        source: RepositoryError,
    },
}

impl ImportError {
    /// Creates the error for lines that are not saved.
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

/// A line that cannot be saved because of its content.
///
/// `Display` shows the input, line, field and reason: `runs.jsonl:7: step_result.status: …`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidLine {
    /// Name of the input.
    pub name: String,
    /// The line, counted from 1.
    pub line: u64,
    /// Path of the invalid field; `None` if the line as a whole is invalid.
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidLine {
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

    pub(super) fn already_finished(name: &str, line: u64, recorded: Finish) -> Self {
        let reason = format!(
            "the task is already finished with another result: {} at {}",
            recorded.status, recorded.at
        );
        Self::new(name, line, Fault::of_line(reason))
    }
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.name, self.line)?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.reason)
    }
}
