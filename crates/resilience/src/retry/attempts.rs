use std::error::Error;
use std::fmt;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError};

/// The source of an error that was returned after retries: how often the operation was tried.
///
/// Its own source is that of the last attempt's error, so a chain names the cause once:
/// `task_history.save: the store cannot be reached: after 9 attempts in 7.1s: connection refused`.
#[derive(Debug)]
pub struct Attempts {
    made: u32,
    elapsed: Duration,
    last: RepositoryError,
}

impl Attempts {
    /// How many attempts were made, the first included.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }

    /// How long they took together, with the waits between them.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What the last attempt failed with.
    #[must_use]
    pub fn last(&self) -> &RepositoryError {
        &self.last
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.made == 1 { "" } else { "s" };
        write!(
            f,
            "after {} attempt{plural} in {:.1?}",
            self.made, self.elapsed
        )
    }
}

impl Error for Attempts {
    // The last error itself says what the error says that has this as its source.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.last.source()
    }
}

/// The failed attempts of a call so far.
#[derive(Debug, Default)]
pub(super) struct Failed {
    made: u32,
    maybe_applied: bool,
}

impl Failed {
    pub(super) fn count(&mut self, error: &RepositoryError) {
        self.made = self.made.saturating_add(1);
        self.maybe_applied |= error.effect() == Effect::Unknown;
    }

    /// The error of a call whose last attempt failed for good.
    pub(super) fn settle(self, last: RepositoryError, elapsed: Duration) -> RepositoryError {
        // The last attempt was certainly not applied, but an earlier one may have been. After a
        // conflict it was not: something else is stored under the id.
        let hides_effect = self.maybe_applied && last.effect() == Effect::NotApplied;
        if hides_effect && last.kind() != ErrorKind::Conflict {
            self.tell(last, elapsed)
        } else {
            last
        }
    }

    /// The last error, telling of all attempts.
    pub(super) fn tell(self, last: RepositoryError, elapsed: Duration) -> RepositoryError {
        let effect = if self.maybe_applied {
            Effect::Unknown
        } else {
            Effect::NotApplied
        };
        RepositoryError::new(last.operation(), last.kind(), effect).with_source(Attempts {
            made: self.made,
            elapsed,
            last,
        })
    }
}
