use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Timeout for validating a suspect connection.
pub(super) const VALIDATION_TIMEOUT: Duration = Duration::from_millis(500);

/// Determines which connections may lead to a server that has stopped responding.
///
/// A frozen server closes no connection: idle ones look alive, and each call that gets one waits
/// for its full timeout. So after a call is abandoned, every connection without a newer response is
/// validated at checkout. When one does not answer, all connections without a response since that
/// check are closed.
#[derive(Debug, Default)]
pub(super) struct ConnectionValidator(Mutex<Since>);

#[derive(Debug, Default)]
struct Since {
    suspected: Option<Instant>,
    condemned: Option<Instant>,
}

/// What to do with a connection before it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Valid,
    Suspect,
    Dead,
}

impl ConnectionValidator {
    /// A call was abandoned: connections without a response after this must be validated.
    pub(super) fn suspect(&self) {
        self.since().suspected = Some(Instant::now());
    }

    /// A connection did not answer a validation query `sent` at that time.
    pub(super) fn condemn(&self, sent: Instant) {
        let mut since = self.since();
        since.condemned = since.condemned.max(Some(sent));
    }

    /// The state of a connection whose last response was at `last_response`.
    pub(super) fn validity(&self, last_response: Instant) -> Validity {
        let since = self.since();
        if since.condemned.is_some_and(|at| last_response < at) {
            Validity::Dead
        } else if since.suspected.is_some_and(|at| last_response < at) {
            Validity::Suspect
        } else {
            Validity::Valid
        }
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn connection_with_recent_response_is_valid() {
        let validator = ConnectionValidator::default();
        let second = Duration::from_secs(1);
        let before = Instant::now();
        tokio::time::advance(second).await;

        assert_eq!(validator.validity(before), Validity::Valid);
        validator.suspect();
        assert_eq!(validator.validity(before), Validity::Suspect);
        validator.condemn(Instant::now());
        assert_eq!(validator.validity(before), Validity::Dead);
        tokio::time::advance(second).await;
        assert_eq!(validator.validity(Instant::now()), Validity::Valid);
    }
}
