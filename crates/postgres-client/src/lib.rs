//! Connections to PostgreSQL for a repository: [configuration](config), [TLS](tls), a [pool],
//! [standbys] for reads that may be stale, [statements](statement) that are prepared once,
//! [batches](sharing) of calls that share a statement, and the [table of errors](error).
//!
//! This crate knows no table. A repository describes what it does as [`Work`](work::Work) and runs it
//! on a [`Source`](source::Source) of connections.

pub mod advisory_lock;
pub mod config;
pub mod connection;
pub mod error;
pub mod lock_wait;
mod numbers;
pub mod pool;
pub mod sharing;
pub mod source;
pub mod standbys;
pub mod statement;
pub mod telemetry;
pub mod tls;
pub mod work;

pub use numbers::unsigned;
