//! Tests of the policies with scripted attempts, in tokio's paused time.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed step of a test is a panic, also in helpers"
)]

mod captured;
mod circuit_breaker;
mod custom_port;
mod guarded;
mod observe;
mod retry;
mod script;
mod standard;
mod timeout;
