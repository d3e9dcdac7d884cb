use std::fmt;

use tasktrail_domain::repository::{Forward, Operation, Result};

use crate::Policy;

/// A repository every call of which goes through a policy.
///
/// Implements each port that `R` implements, by [`Forward`], so that a policy need not know any port
/// and a port need not know any policy. What a call costs, how it fails and what a dropped future
/// leaves behind is the policy's documentation on top of the port's.
#[derive(Debug, Clone)]
pub struct Guarded<R, P> {
    repository: R,
    policy: P,
}

impl<R, P> Guarded<R, P> {
    /// Guards `repository` by `policy`.
    #[must_use]
    pub fn new(repository: R, policy: P) -> Self {
        Self { repository, policy }
    }

    /// The policy, to ask it for its state.
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
