//! The tables that contain the rows of a store: tables or their partitions.

const LEAVES: &str = include_str!("leaves.sql");

/// Returns a statement about the tables of the store, or about the partitions of a partitioned one.
/// `rest` refers to them as `leaf`.
#[must_use]
pub fn with_leaves(rest: &str) -> String {
    [LEAVES, rest].concat()
}
