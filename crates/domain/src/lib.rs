//! What a task history is, and what every store of it promises.
//!
//! The domain of Tasktrail: types that cannot hold a wrong value, and the port
//! [`TaskHistoryRepository`](task_history::TaskHistoryRepository), whose documentation is the contract
//! that every adapter is tested against. No I/O and no runtime: time and ids come in as arguments.
//!
//! - [`task_history`]: users, tasks, steps, entries, summaries, and the port.
//! - [`repository`]: what all ports share: errors, operations, pages.
//! - [`JsonText`]: JSON documents as their exact text.
//! - [`timestamp`] and [`clock`]: instants in whole microseconds, and where they come from.

// The output of `#[port]` names this crate, in this crate as well.
extern crate self as tasktrail_domain;

pub mod clock;
mod invalid_value;
mod json_text;
pub mod repository;
pub mod task_history;
mod text;
pub mod timestamp;

pub use invalid_value::InvalidValue;
pub use json_text::JsonText;
