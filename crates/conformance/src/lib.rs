//! The contract of Tasktrail's ports as tests.
//!
//! Each case is a function whose documentation is one clause of the contract, and whose name says
//! the same in short. An adapter, or a wrapper around one, runs all of them with one macro: each
//! becomes a test of its own, on a runtime of two threads. No case is optional.
//!
//! In `tests/conformance.rs` of the adapter's crate:
//!
//! ```
//! use tasktrail_conformance::Repository;
//!
//! # struct TestDatabase;
//! # fn your_task_history() -> (Repository, TestDatabase) { unimplemented!() }
//! /// An empty repository, and what has to live as long as the repository is used.
//! async fn fresh() -> (Repository, TestDatabase) {
//!     your_task_history()
//! }
//!
//! tasktrail_conformance::task_history_suite!(fresh);
//! ```
//!
//! To run the suite a second time in the same file, over a wrapper say, put the second call into a
//! `mod` of its own. Some cases make 64 calls at once: give a repository with a pool time limits that
//! a busy machine does not reach.
//!
//! Two kinds of clauses are proved elsewhere, because no answer tells them: what a call costs (by
//! the adapter's query plans) and what survives a crash (by fault tests).
//!
//! - [`task_history`]: the cases, a module for each method or concern, and the list of them all.
//! - [`json_texts`]: random JSON documents.
//! - [`model`]: random actions on a repository, to compare two of them.
//! - [`fixture`], [`replay`], [`snapshot`] and [`parallel`]: what cases are written with.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "this crate is used by tests only: a failed case is a panic"
)]

pub mod fixture;
mod history;
pub mod json_texts;
pub mod model;
pub mod parallel;
pub mod replay;
pub mod snapshot;
pub mod task_history;

pub use history::{History, Repository};

/// Runs a case on a fresh repository, on a runtime of two threads.
#[doc(hidden)]
pub fn run<G>(fresh: impl AsyncFnOnce() -> (Repository, G), case: impl AsyncFnOnce(&History)) {
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    threads.unwrap().block_on(async {
        let (repository, guard) = fresh().await;
        // Bound in this order so that a failed case, too, drops the guard last.
        let _guard = guard;
        let history = History::of(repository);
        case(&history).await;
    });
}
