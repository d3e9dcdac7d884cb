//! The tables of a store, or their partitions where they have some.

const LEAVES: &str = include_str!("leaves.sql");

/// A statement about every table of the store, or each of its partitions: `rest` finds them in `leaf`.
#[must_use]
pub fn with_leaves(rest: &str) -> String {
    [LEAVES, rest].concat()
}
