//! The domain of Tasktrail: validated types, and the port of a task history.
//!
//! The documentation of [`TaskHistoryRepository`](task_history::TaskHistoryRepository) is the
//! contract that every adapter is tested against. This crate does no I/O and needs no runtime: time
//! and ids are arguments.
//!
//! - [`task_history`]: users, tasks, steps, entries, summaries, and the port.
//! - [`repository`]: errors, operations and pages, which all ports share.
//! - [`JsonText`]: JSON documents that keep their exact text.
//! - [`timestamp`] and [`clock`]: instants in whole microseconds, and clocks.

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
