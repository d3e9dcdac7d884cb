//! Compares the tables with those that the migrations create.
//!
//! Both are described in the same form: the actual ones are read from the catalogs of the server,
//! the expected ones are in `schema_check/expected.txt`, which `scripts/schema` writes from a
//! migrated database.

use std::collections::BTreeSet;
use std::fmt;

use diesel::QueryableByName;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::error::{MigrateError, unread};

/// One object per line: its name, a colon, and its definition.
const EXPECTED: &str = include_str!("schema_check/expected.txt");

const DESCRIBE: &str = include_str!("schema_check/describe.sql");

/// A difference between the tables and those that this program expects.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaDifference {
    /// The object, such as `index task_history.task_history_step_idx`.
    pub object: String,
    /// The expected definition; `None` if the object should not exist.
    pub expected: Option<String>,
    /// The actual definition; `None` if the object does not exist.
    pub found: Option<String>,
}

impl SchemaDifference {
    /// Creates the difference of an object, from its expected and its actual definition.
    #[must_use]
    pub fn new(object: impl Into<String>, expected: Option<String>, found: Option<String>) -> Self {
        Self {
            object: object.into(),
            expected,
            found,
        }
    }
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.object;
        match (&self.expected, &self.found) {
            (Some(expected), Some(found)) => {
                write!(f, "different {object}: expected {expected}, found {found}")
            }
            (Some(expected), None) => write!(f, "missing {object}: {expected}"),
            (None, Some(found)) => write!(f, "unexpected {object}: {found}"),
            (None, None) => write!(f, "{object}"),
        }
    }
}

/// A table, a column, a constraint, an index or a comment.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
struct Object {
    /// The table it belongs to.
    #[diesel(sql_type = Text)]
    table: String,
    /// Its kind and name.
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// Returns the differences between the tables and the expected ones.
pub(crate) async fn differences(
    connection: &mut AsyncPgConnection,
) -> Result<Vec<SchemaDifference>, MigrateError> {
    let expected = expected();
    let tables: BTreeSet<_> = expected.iter().map(|object| object.table.clone()).collect();
    let found = describe(connection, tables.into_iter().collect())
        .await
        .map_err(unread)?;
    Ok(compare(&expected, &found))
}

/// Returns the differences of one table.
pub(crate) async fn of_table(
    connection: &mut AsyncPgConnection,
    table: &str,
) -> Result<Vec<SchemaDifference>, MigrateError> {
    let mut expected = expected();
    expected.retain(|object| object.table == table);
    let found = describe(connection, vec![table.to_owned()]).await;
    Ok(compare(&expected, &found.map_err(unread)?))
}

/// Returns whether the migrations create an index with this name, directly or for a constraint.
#[must_use]
pub fn expects_index(name: &str) -> bool {
    let of_that_name = |object: &Object| object.name.rsplit('.').next() == Some(name);
    expected().iter().any(of_that_name)
}

/// Describes those of the tables that the session can find by name.
async fn describe(
    connection: &mut AsyncPgConnection,
    tables: Vec<String>,
) -> diesel::QueryResult<Vec<Object>> {
    diesel::sql_query(DESCRIBE)
        .bind::<Array<Text>, _>(tables)
        .load(connection)
        .await
}

fn expected() -> Vec<Object> {
    let lines = EXPECTED.lines().filter_map(|line| line.split_once(": "));
    let objects = lines.filter_map(|(name, definition)| {
        let (_kind, path) = name.rsplit_once(' ')?;
        let table = path.split('.').next()?;
        Some(Object {
            table: table.to_owned(),
            name: name.to_owned(),
            definition: definition.to_owned(),
        })
    });
    objects.collect()
}

/// Lists expected objects first. For a missing table, its parts are omitted.
fn compare(expected: &[Object], found: &[Object]) -> Vec<SchemaDifference> {
    let named = |list: &[Object], name: &str| -> Option<String> {
        let object = list.iter().find(|object| object.name == name)?;
        Some(object.definition.clone())
    };
    let exists = |table: &str| found.iter().any(|object| object.table == table);
    let is_table = |object: &Object| object.name.starts_with("table ");
    let missing_or_different = expected
        .iter()
        .filter(|object| is_table(object) || exists(&object.table))
        .map(|object| SchemaDifference {
            object: object.name.clone(),
            expected: Some(object.definition.clone()),
            found: named(found, &object.name),
        })
        .filter(|difference| difference.expected != difference.found);
    let unexpected = found
        .iter()
        .filter(|object| named(expected, &object.name).is_none())
        .map(|object| SchemaDifference {
            object: object.name.clone(),
            expected: None,
            found: Some(object.definition.clone()),
        });
    missing_or_different.chain(unexpected).collect()
}

#[cfg(test)]
mod on_a_real_server;
