use std::time::Duration;

/// The result of closing a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport {
    /// Number of calls in flight that finished before the deadline. A migration counts as a call.
    pub finished: u32,
    /// Number of calls that were cancelled at the deadline. They fail with
    /// [`Closed`](super::ErrorKind::Closed) and an unknown effect.
    pub cancelled: u32,
    /// Number of calls that were waiting for a connection. They fail with
    /// [`Closed`](super::ErrorKind::Closed), and have no effect.
    pub rejected: u32,
    /// Duration of the close.
    pub took: Duration,
}
