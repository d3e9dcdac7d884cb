//! A new table that is stored, vacuumed, read and published like another one.
//!
//! `CREATE TABLE … (LIKE …)` and `PARTITION OF` take over columns and constraints, but neither the
//! tablespace nor storage options, rights, the replica identity and publications.

use super::names::quoted;

const TABLE: &str = include_str!("like/table.sql");
const INDEXES: &str = include_str!("like/indexes.sql");

/// What an index is on and how, without its name and options.
const KIND: &str = r"regexp_replace(substring(pg_get_indexdef(indexrelid) FROM 'USING .*'), ' WITH \([^()]*\)', '')";

/// What an empty table takes over before it has rows.
pub(super) fn table(made: &str, model: &str) -> String {
    filled(TABLE, made, model)
}

/// What it takes over afterwards: indexes that it lacks, and what belongs to indexes and publications.
pub(super) fn indexes(made: &str, model: &str) -> String {
    filled(INDEXES, made, model).replace("{kind}", KIND)
}

fn filled(statement: &str, made: &str, model: &str) -> String {
    let literal = |name: &str| format!("'{}'", quoted(name).replace('\'', "''"));
    statement
        .replace("{made}", &literal(made))
        .replace("{model}", &literal(model))
}
