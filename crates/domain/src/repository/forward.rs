use std::fmt;
use std::sync::Arc;

use super::{Operation, Result};

/// A wrapper that passes the calls of every port on to the repository it wraps.
///
/// [`#[port]`](macro@super::port) implements its port for every `Forward` whose [`To`](Self::To)
/// implements it. A wrapper that treats one port in its own way implements that port instead.
#[diagnostic::on_unimplemented(
    note = "an adapter implements the port itself; a wrapper implements `Forward`, and with it every port of the repository it wraps"
)]
pub trait Forward: fmt::Debug + Send + Sync {
    /// The repository that the calls go to.
    type To: ?Sized;

    /// Runs `call`, which is a call of `operation`, on the wrapped repository: once, or again if a
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

/// A shared repository is a repository.
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
