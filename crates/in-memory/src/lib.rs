//! Tasktrail's repositories in memory: for a service's unit tests, and for trying it out.
//!
//! The whole contract, safe under concurrent use, and with the cost shape of the Postgres adapter:
//! a status is one look-up, a page of a user's tasks does not scan all of them. Nothing outlives
//! the last clone of a repository.

mod task_history;

pub use task_history::InMemoryTaskHistory;
