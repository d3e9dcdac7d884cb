use std::fmt;

use tasktrail_domain::repository::{Operation, Result};

use crate::Stack;

/// Decides how an operation is run: whether, how often, how long, and what is recorded.
///
/// A policy sees neither arguments nor results. Something that needs them, such as a cache, is a
/// wrapper around one port instead. Policies nest: [`around`](Self::around) puts one around
/// another.
pub trait Policy: fmt::Debug + Send + Sync + 'static {
    /// Runs `operation`. Each attempt is one call of `attempt`.
    ///
    /// `attempt` is `Copy`, as is every closure that only borrows, so a policy can pass it on to an
    /// inner policy by value.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, or the policy's own. Each policy documents its errors.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the attempt in flight, and no other attempt starts. Whether the
    /// operation has been applied is up to the port: entirely or not at all.
    fn run<T, F, Fut>(
        &self,
        operation: Operation,
        attempt: F,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send;

    /// Puts this policy around `inner`. What this policy calls an attempt is then a run of `inner`.
    ///
    /// Chains read from the outermost to the innermost: in `a.around(b).around(c)`, a call reaches
    /// `a` first.
    fn around<P: Policy>(self, inner: P) -> Stack<Self, P>
    where
        Self: Sized,
    {
        Stack::new(self, inner)
    }
}

/// `None` is a disabled policy: it makes one attempt and adds nothing.
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
