use tasktrail_domain::repository::{Operation, Result};

use crate::Policy;

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
