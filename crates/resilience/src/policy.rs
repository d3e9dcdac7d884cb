use std::fmt;

use tasktrail_domain::repository::{Operation, Result};

use crate::Stack;

/// Decides how an operation is run: how often, how long, whether at all, and who is told.
///
/// A policy sees neither arguments nor answers; what needs them, a cache say, is a wrapper around
/// one port. Policies nest: [`around`](Self::around) puts one outside another.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// Runs `operation`, whose every attempt is a call of `attempt`.
    ///
    /// `attempt` is `Copy`, as every closure is that borrows what it needs: so a policy hands it on
    /// to the next without lending anything of its own.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, or the policy's own; each policy documents its errors.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt under way, and no other follows. What that leaves of
    /// the operation is up to the port: all of it or nothing.
    fn run<T, F, Fut>(
        &self,
        operation: Operation,
        attempt: F,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send;

    /// Puts this policy around `inner`, which then runs what this one calls an attempt.
    ///
    /// Chains read from the outermost to the innermost: in `a.around(b).around(c)`, `a` sees a call
    /// first.
    fn around<P: Policy>(self, inner: P) -> Stack<Self, P>
    where
        Self: Sized,
    {
        Stack::new(self, inner)
    }
}

/// `None` is a policy that is switched off: it runs one attempt and adds nothing.
impl<P: Policy> Policy for Option<P> {
    async fn run<T, F, Fut>(&self, operation: Operation, attempt: F) -> Result<T>
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        match self {
            Some(policy) => policy.run(operation, attempt).await,
            None => attempt().await,
        }
    }
}
