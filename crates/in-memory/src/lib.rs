//! An in-memory adapter for Tasktrail: use it in the unit tests of your service.
//!
//! It implements the whole contract and is safe for concurrent use. Its costs grow like those of
//! the PostgreSQL adapter: a status check is one lookup, and a page of a user's tasks does not scan
//! all of them.
//!
//! Use [`InMemoryTaskHistory::new`] or [`InMemoryOrchestration::new`] in a test of one context. Use an
//! [`InMemoryStore`] if several repositories must share their data.

mod orchestration;
mod store;
mod task_history;
mod transaction;
mod view;

pub use orchestration::InMemoryOrchestration;
pub use store::InMemoryStore;
pub use task_history::InMemoryTaskHistory;
pub use transaction::InMemoryTransaction;
