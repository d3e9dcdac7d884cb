use tasktrail_domain::repository::{ErrorKind, RepositoryError};

use super::machine::{CallPermit, Verdict};
use super::open::LastOutage;
use super::{BreakerOpen, CircuitBreaker};

/// An admitted call. What came of it is reported when this is dropped, so that a dropped probe
/// gives its place back.
pub(super) struct Admission<'a> {
    breaker: &'a CircuitBreaker,
    leave: CallPermit,
    verdict: Verdict,
    outage: Option<LastOutage>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(breaker: &'a CircuitBreaker, leave: CallPermit) -> Self {
        Self {
            breaker,
            leave,
            verdict: Verdict::Nothing,
            outage: None,
        }
    }

    /// Ends the call with what the store answered.
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
            shared.machine.report(self.leave, self.verdict, now);
        });
    }
}

/// What an error tells about the way to the store.
fn verdict(error: &RepositoryError) -> Verdict {
    match error.kind() {
        // Refused by another breaker further in: the store was not asked.
        _ if BreakerOpen::behind(error).is_some() => Verdict::Nothing,
        _ if error.is_outage() => Verdict::Outage,
        // Closed on this side: the store was not asked.
        ErrorKind::Closed => Verdict::Nothing,
        _ => Verdict::Answered,
    }
}
