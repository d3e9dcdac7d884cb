//! The domain of Tasktrail: validated types, and the ports.
//!
//! The documentation of a port, such as [`TaskHistoryRepository`](task_history::TaskHistoryRepository),
//! is the contract that every adapter is tested against. This crate does no I/O and needs no runtime: time
//! and ids are arguments.
//!
//! - [`task_history`]: steps, entries, summaries, and the port.
//! - [`orchestration`]: agents, the tasks that they execute, and the audit log, with four ports.
//!
//! All contexts share:
//!
//! - [`repository`]: errors, operations and pages.
//! - [`UserId`], [`UserPrefix`] and [`TaskKey`], and [`id`]: UUIDs that callers generate.
//! - [`JsonText`], which keeps the exact text of a JSON document, and [`Document`], a small JSON
//!   object that is searched by what it contains.
//! - [`write`](mod@write): who writes, when and why.
//! - [`timestamp`] and [`clock`]: instants in whole microseconds, and clocks.

// The output of `#[port]` names this crate, in this crate as well.
extern crate self as tasktrail_domain;

pub mod clock;
mod decimal;
mod document;
pub mod id;
mod invalid_value;
mod json_text;
mod number;
pub mod orchestration;
pub mod repository;
pub mod task_history;
mod task_key;
mod text;
mod text_enum;
pub mod timestamp;
pub mod write;

pub use document::Document;
pub use invalid_value::InvalidValue;
pub use json_text::JsonText;
pub use task_key::{TaskId, TaskKey, UserId, UserPrefix};
