//! Behind a real PgBouncer: the contract in both modes, what is refused, and what is left behind.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a panic")]

mod contract;
mod fixture;
mod left_behind;
mod refused;
mod standby;
mod transactions;
