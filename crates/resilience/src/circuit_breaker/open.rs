use std::error::Error;
use std::fmt;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use tasktrail_domain::repository::{ErrorChain, RepositoryError};

use super::machine::Refused;

/// The source of an error of a call that a circuit breaker rejected.
///
/// Its own source is the last outage, with its chain of causes.
#[derive(Debug, Clone)]
pub struct BreakerOpen {
    refused: Refused,
    last_outage: Option<LastOutage>,
}

impl BreakerOpen {
    pub(super) fn new(refused: Refused, last_outage: Option<LastOutage>) -> Self {
        Self {
            refused,
            last_outage,
        }
    }

    /// Finds the rejection in the source chain of `error`, if a circuit breaker rejected the call
    /// or, after retries, its last attempt.
    #[must_use]
    pub fn behind(error: &RepositoryError) -> Option<&Self> {
        let mut causes = iter::successors(error.source(), |&cause| cause.source());
        causes.find_map(|cause| cause.downcast_ref())
    }

    /// The time until the next probe; `None` if a probe is in flight.
    #[must_use]
    pub fn next_probe_in(&self) -> Option<Duration> {
        match self.refused {
            Refused::Cooling(left) => Some(left),
            Refused::Probing => None,
        }
    }
}

impl fmt::Display for BreakerOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("circuit breaker is open, ")?;
        match self.refused {
            Refused::Cooling(left) => write!(f, "next probe in {left:.1?}"),
            Refused::Probing => f.write_str("a probe is in flight"),
        }
    }
}

impl Error for BreakerOpen {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let last = self.last_outage.as_ref()?;
        Some(last)
    }
}

/// An outage as text: the error itself was returned to the caller, and errors cannot be cloned.
#[derive(Debug, Clone)]
pub(super) struct LastOutage(Arc<str>);

impl LastOutage {
    pub(super) fn new(error: &RepositoryError) -> Self {
        Self(ErrorChain(error).to_string().into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LastOutage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "last outage: {}", self.0)
    }
}

impl Error for LastOutage {}
