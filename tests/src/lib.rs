//! Tests of Tasktrail as a whole: see `tests/`. Here is what several of them share.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failed step of a test is a panic"
)]

pub mod saves;
pub mod writers;
