//! Diagnosis, query plans and table maintenance, on real servers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed step of a test is a panic"
)]

mod documented;
mod explain;
mod findings;
mod roles;
mod servers;
mod store;
mod table_maintenance;
