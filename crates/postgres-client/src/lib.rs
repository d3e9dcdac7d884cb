//! Connect a repository to PostgreSQL.
//!
//! This crate has no tables of its own. A repository describes each of its operations as a
//! [`PgOperation`](pg_operation::PgOperation) and runs it on a [`Source`](source::Source) of
//! connections.
//!
//! - [`config`]: the location of the server, pool sizes and timeouts.
//! - [`connection`] and [`tls`]: opening a connection, with failover between hosts.
//! - [`pool`]: a fair, bounded pool that validates connections and reports leaks.
//! - [`standbys`]: reads that may be stale, served by standbys within a bounded lag.
//! - [`statement`]: SQL statements that are prepared once per connection.
//! - [`batching`]: concurrent calls combined into one statement.
//! - [`lock_wait`] and [`advisory_lock`]: bounded waits for row locks, and session-level locks.
//! - [`error`]: the mapping of driver errors to the kinds that callers act on.

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
