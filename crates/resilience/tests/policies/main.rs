//! Tests of the policies with scripted attempts, in tokio's paused time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step of a test is a panic, also in helpers"
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
