//! An in-memory adapter for Tasktrail: use it in the unit tests of your service.
//!
//! It implements the whole contract and is safe for concurrent use. Its costs grow like those of
//! the PostgreSQL adapter: a status check is one lookup, and a page of a user's tasks does not scan
//! all of them. The data is dropped with the last clone of a repository.

mod task_history;

pub use task_history::InMemoryTaskHistory;
