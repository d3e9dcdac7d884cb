use std::fmt;

use tasktrail_domain::repository::{Forward, Operation, Result};

use crate::Policy;

/// Runs every call of a repository through a policy.
///
/// Implements each port that `R` implements, so policies and ports do not depend on each other. The
/// policy's documentation applies in addition to the port's, for the cost and the errors of a call
/// and for cancel safety.
#[derive(Debug, Clone)]
pub struct Guarded<R, P> {
    repository: R,
    policy: P,
}

impl<R, P> Guarded<R, P> {
    /// Guards `repository` with `policy`.
    #[must_use]
    pub fn new(repository: R, policy: P) -> Self {
        Self { repository, policy }
    }

    /// The policy, for example to read its state.
    #[must_use]
    pub fn policy(&self) -> &P {
        &self.policy
    }
}

impl<R: fmt::Debug + Send + Sync, P: Policy> Forward for Guarded<R, P> {
    type To = R;

    fn forward<'a, T, C, F>(
        &'a self,
        operation: Operation,
        call: C,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        C: Fn(&'a R) -> F + Copy + Send + Sync,
        F: Future<Output = Result<T>> + Send,
    {
        self.policy.run(operation, move || call(&self.repository))
    }
}
