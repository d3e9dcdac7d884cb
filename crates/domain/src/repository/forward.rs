use std::fmt;
use std::sync::Arc;

use super::{Operation, Result};

/// A wrapper that forwards the calls of every port to the repository that it wraps.
///
/// [`#[port]`](macro@super::port) implements its port for every `Forward` whose [`To`](Self::To)
/// implements the port. To treat a port differently, implement the port itself instead of
/// `Forward`.
#[diagnostic::on_unimplemented(
    note = "an adapter implements the port itself; a wrapper implements `Forward`, and with it every port of the repository it wraps"
)]
pub trait Forward: fmt::Debug + Send + Sync {
    /// The wrapped repository.
    type To: ?Sized;

    /// Runs `call`, a call of `operation`, on the wrapped repository. It may run it again if a
    /// repetition is safe.
    fn forward<'a, T, C, F>(
        &'a self,
        operation: Operation,
        call: C,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        C: Fn(&'a Self::To) -> F + Copy + Send + Sync,
        F: Future<Output = Result<T>> + Send;
}

/// Forwards all calls, so a shared repository is a repository.
impl<R: fmt::Debug + Send + Sync + ?Sized> Forward for Arc<R> {
    type To = R;

    fn forward<'a, T, C, F>(
        &'a self,
        _operation: Operation,
        call: C,
    ) -> impl Future<Output = Result<T>> + Send
    where
        T: Send,
        C: Fn(&'a R) -> F + Copy + Send + Sync,
        F: Future<Output = Result<T>> + Send,
    {
        call(self)
    }
}
