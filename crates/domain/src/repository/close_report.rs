use std::time::Duration;

/// What the close of a store did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CloseReport {
    /// How many calls were under way and finished in time. A migration of the schema is a call like others.
    pub finished: u32,
    /// How many were still under way at the deadline and were cancelled. Their callers were told that
    /// the store was closed, and that what they asked for may have been done.
    pub cancelled: u32,
    /// How many waited for their turn and were told that the store was closed.
    pub rejected: u32,
    /// How long it took.
    pub took: Duration,
}
