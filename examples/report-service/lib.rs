//! A small service that embeds Tasktrail: users order reports, workers make them.
//!
//! - [`http`]: the API, probes and metrics.
//! - [`worker`]: makes reports step by step, and notices cancels.
//! - [`orders`]: what the API and the workers do with the history and the service's own table.
//! - [`reports`]: the service's own table, with its migrations, and a substitute in memory.

pub mod http;
pub mod orders;
pub mod reports;
pub mod worker;
