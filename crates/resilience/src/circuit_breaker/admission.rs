use tasktrail_domain::repository::{ErrorKind, RepositoryError};

use super::machine::{CallPermit, Verdict};
use super::open::LastOutage;
use super::{BreakerOpen, CircuitBreaker};

/// An admitted call. Its verdict is reported when it is dropped, so that a dropped call frees the
/// probe for the next one.
pub(super) struct Admission<'a> {
    breaker: &'a CircuitBreaker,
    permit: CallPermit,
    verdict: Verdict,
    outage: Option<LastOutage>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(breaker: &'a CircuitBreaker, permit: CallPermit) -> Self {
        Self {
            breaker,
            permit,
            verdict: Verdict::Nothing,
            outage: None,
        }
    }

    /// Ends the call with its result.
    pub(super) fn end(mut self, error: Option<&RepositoryError>) {
        self.verdict = error.map_or(Verdict::Answered, verdict);
        self.outage = error
            .filter(|_| self.verdict == Verdict::Outage)
            .map(LastOutage::new);
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        let outage = self.outage.take();
        self.breaker.step(|shared, now| {
            shared.last_outage = outage.or_else(|| shared.last_outage.take());
            shared.machine.report(self.permit, self.verdict, now);
        });
    }
}

/// What an error shows about whether the store can be reached.
fn verdict(error: &RepositoryError) -> Verdict {
    match error.kind() {
        // Rejected by another breaker further in: the call did not reach the store.
        _ if BreakerOpen::behind(error).is_some() => Verdict::Nothing,
        _ if error.is_outage() => Verdict::Outage,
        // The client was closed: the call did not reach the store.
        ErrorKind::Closed => Verdict::Nothing,
        _ => Verdict::Answered,
    }
}
