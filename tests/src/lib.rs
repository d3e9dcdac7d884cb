//! Shared helpers of the tests of Tasktrail as a whole, which are in `tests/`.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failed step of a test panics"
)]

pub mod saves;
pub mod sources;
pub mod writers;
