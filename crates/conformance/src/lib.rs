//! A test suite for the contract of Tasktrail's ports. Run it against your adapter.
//!
//! Each case is a function that checks one clause of the contract. Its documentation states the
//! clause, and its name summarises it. One macro generates a test for every case, each on a
//! runtime with two worker threads. Every adapter, and every wrapper around one, has to pass all
//! cases.
//!
//! Put this into `tests/conformance.rs` of the adapter's crate:
//!
//! ```
//! use tasktrail_conformance::Repository;
//!
//! # struct TestDatabase;
//! # fn your_task_history() -> (Repository, TestDatabase) { unimplemented!() }
//! /// An empty repository, and a guard that is dropped after it.
//! async fn fresh() -> (Repository, TestDatabase) {
//!     your_task_history()
//! }
//!
//! tasktrail_conformance::task_history_suite!(fresh);
//! ```
//!
//! To run the suite a second time in the same file, for example for a wrapper, put the second call
//! into its own `mod`. Some cases make 64 concurrent calls: if the repository has a connection
//! pool, set timeouts that are long enough for a busy machine.
//!
//! The suite checks results only. Each adapter also needs tests of what a call costs (query plans)
//! and of what survives a crash (fault tests).
//!
//! - [`task_history`]: the cases, one module for each method or concern, and the list of all cases.
//! - [`orchestration`]: the cases of the four ports of orchestration.
//! - [`json_texts`]: random JSON documents.
//! - [`model`]: random actions, to run on two repositories and compare the results.
//! - [`fixture`], [`replay`], [`snapshot`] and [`parallel`]: helpers for writing cases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "used by tests only, where a failed case panics"
)]

pub mod fixture;
mod history;
pub mod json_texts;
pub mod model;
pub mod orchestration;
mod pages;
pub mod parallel;
pub mod replay;
pub mod snapshot;
pub mod task_history;

pub use history::{History, Repository};
pub use orchestration::Orchestration;

/// Runs a case on a fresh repository, on a runtime with two worker threads. `wrapped` makes the
/// repository what the cases of its port take.
#[doc(hidden)]
pub fn run<R, W, G>(
    fresh: impl AsyncFnOnce() -> (R, G),
    wrapped: impl FnOnce(R) -> W,
    case: impl AsyncFnOnce(&W),
) {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    threads.unwrap().block_on(async {
        let (repository, guard) = fresh().await;
        // Bound in this order so that the guard is dropped last, even if the case panics.
        let _guard = guard;
        let repository = wrapped(repository);
        case(&repository).await;
    });
}
