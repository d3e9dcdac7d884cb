use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection in doubt may take to prove that it is alive.
pub(super) const VALIDATION_TIMEOUT: Duration = Duration::from_millis(500);

/// Which connections may lead to a server that does not answer any more.
///
/// A frozen server ends no connection: each that is idle looks alive, and every call that gets one waits
/// for its whole time limit. So when a call was given up, all connections have to prove themselves before
/// they are lent again; and when the first of them fails, all that were last heard of before that end.
#[derive(Debug, Default)]
pub(super) struct ConnectionValidator(Mutex<Since>);

#[derive(Debug, Default)]
struct Since {
    suspected: Option<Instant>,
    condemned: Option<Instant>,
}

/// What is to be done with a connection before it is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validity {
    Valid,
    Suspect,
    Dead,
}

impl ConnectionValidator {
    /// A call was given up: whoever was not heard of since has to prove that he is alive.
    pub(super) fn suspect(&self) {
        self.since().suspected = Some(Instant::now());
    }

    /// A connection failed to prove itself.
    pub(super) fn condemn(&self, asked: Instant) {
        let mut since = self.since();
        since.condemned = since.condemned.max(Some(asked));
    }

    /// The verdict on a connection that was last `last_response` of then.
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
    async fn who_was_heard_of_since_is_trusted() {
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
