use std::fmt;

use tasktrail_domain::repository::{Operation, Result};

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

/// One policy around another, created with [`Policy::around`].
#[derive(Debug, Clone)]
pub struct Stack<Outer, Inner> {
    outer: Outer,
    inner: Inner,
}

impl<Outer, Inner> Stack<Outer, Inner> {
    pub(crate) fn new(outer: Outer, inner: Inner) -> Self {
        Self { outer, inner }
    }
}

impl<Outer: Policy, Inner: Policy> Policy for Stack<Outer, Inner> {
    // Not an `async fn`, which would borrow `attempt` for the inner policy: for nested futures of
    // that kind, the compiler cannot prove `Send`.
    fn run<T, F, Fut>(
        &self,
        operation: Operation,
        attempt: F,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        F: Fn() -> Fut + Copy + Send + Sync,
        Fut: Future<Output = Result<T>> + Send,
    {
        self.outer
            .run(operation, move || self.inner.run(operation, attempt))
    }
}
