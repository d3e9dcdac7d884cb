//! Connections to PostgreSQL for a repository: [configuration](config), [TLS](tls), a [pool],
//! [standbys] for reads that may be stale, [statements](statement) that are prepared once,
//! [batches](batching) of calls that share a statement, and the [table of errors](error).
//!
//! This crate knows no table. A repository describes what it does as [`PgOperation`](pg_operation::PgOperation) and runs it
//! on a [`Source`](source::Source) of connections.

pub mod advisory_lock;
pub mod batching;
pub mod config;
pub mod connection;
pub mod error;
pub mod lock_wait;
mod numbers;
pub mod pg_operation;
pub mod pool;
pub mod source;
pub mod standbys;
pub mod statement;
pub mod telemetry;
pub mod tls;

pub use numbers::unsigned;
