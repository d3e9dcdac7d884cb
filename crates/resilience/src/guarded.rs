/// A repository every call of which goes through a policy.
///
/// Implements each port that `R` implements, one line a method, so that a policy need not know any
/// port and a port need not know any policy. What a call costs, how it fails and what a dropped
/// future leaves behind is the policy's documentation on top of the port's.
#[derive(Debug, Clone)]
pub struct Guarded<R, P> {
    pub(crate) repository: R,
    pub(crate) policy: P,
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
