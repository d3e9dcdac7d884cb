use std::error::Error;
use std::fmt;
use std::time::Duration;

use tasktrail_domain::repository::{Effect, ErrorKind, RepositoryError};

/// The source of an error that was returned after retries. Reports the number of attempts.
///
/// Its own source is that of the last attempt's error, so that a chain contains each cause once:
/// `task_history.save: the store cannot be reached: after 9 attempts in 7.1s: connection refused`.
#[derive(Debug)]
pub struct Attempts {
    made: u32,
    elapsed: Duration,
    last: RepositoryError,
}

impl Attempts {
    /// The number of attempts, including the first.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.made
    }

    /// The duration of all attempts, including the waits between them.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The error of the last attempt.
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
    // Skips the last error itself: its text is the same as that of the error that wraps this one.
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

    /// The error of a call whose last attempt failed with an error that must not be retried.
    pub(super) fn settle(self, last: RepositoryError, elapsed: Duration) -> RepositoryError {
        // The last attempt was certainly not applied, but an earlier one may have been. A conflict
        // excludes that: a different entry is stored under the id.
        let hides_effect = self.maybe_applied && last.effect() == Effect::NotApplied;
        if hides_effect && last.kind() != ErrorKind::Conflict {
            self.with_attempts(last, elapsed)
        } else {
            last
        }
    }

    /// The last error, with all attempts as its source.
    pub(super) fn with_attempts(self, last: RepositoryError, elapsed: Duration) -> RepositoryError {
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
