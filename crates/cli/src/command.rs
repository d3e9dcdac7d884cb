//! The commands, one module each, with their arguments, help and implementation.
//!
//! Commands do not depend on each other. Shared code is outside of this module.

pub(crate) mod agents;
pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod cancel;
pub(crate) mod cleanup;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod reap;
pub(crate) mod reindex;
pub(crate) mod serve_metrics;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tasks;
pub(crate) mod users;
pub(crate) mod work;
