//! The pool on a real server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

mod closing;
mod locked;
mod sizes;
