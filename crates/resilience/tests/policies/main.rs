//! What the policies do with attempts that are scripted, in tokio's paused time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed test is a panic, also in what tests are written with"
)]

mod another_port;
mod captured;
mod circuit_breaker;
mod guarded;
mod observe;
mod retry;
mod script;
mod standard;
mod timeout;
