//! Creates a table with the storage, vacuum settings, privileges and publications of another one.
//!
//! `CREATE TABLE … (LIKE …)` and `PARTITION OF` copy columns and constraints, but not the
//! tablespace, storage options, privileges, the replica identity and publications.

use super::names::quoted;

const TABLE: &str = include_str!("like/table.sql");
const INDEXES: &str = include_str!("like/indexes.sql");

/// The method and columns of an index, without its name and options.
const KIND: &str = r"regexp_replace(substring(pg_get_indexdef(indexrelid) FROM 'USING .*'), ' WITH \([^()]*\)', '')";

/// SQL for the properties that are copied before the table has rows.
pub(super) fn table(made: &str, model: &str) -> String {
    filled(TABLE, made, model)
}

/// SQL for the properties that are copied afterwards: missing indexes, and what depends on indexes
/// and publications.
pub(super) fn indexes(made: &str, model: &str) -> String {
    filled(INDEXES, made, model).replace("{kind}", KIND)
}

fn filled(statement: &str, made: &str, model: &str) -> String {
    let literal = |name: &str| format!("'{}'", quoted(name).replace('\'', "''"));
    statement
        .replace("{made}", &literal(made))
        .replace("{model}", &literal(model))
}
