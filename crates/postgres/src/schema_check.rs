//! Whether the tables are what the migrations make.
//!
//! Both sides are descriptions of the same form: the server's own, read from its catalogues, and
//! `schema_check/expected.txt`, which `scripts/schema` writes from a migrated database.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{Array, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_postgres_client::connection::Connector;

use crate::error::MigrateError;
use crate::migrate::{self, unread};

/// An object a line: what it is, and after a colon how it is defined.
const EXPECTED: &str = include_str!("schema_check/expected.txt");

const DESCRIBE: &str = include_str!("schema_check/describe.sql");

/// Something about the tables that is not as this program expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaDifference {
    /// What it is about, such as `index task_history.task_history_step_idx`.
    pub object: String,
    /// How it should be defined; `None` if it should not be there.
    pub expected: Option<String>,
    /// How it is defined; `None` if it is not there.
    pub found: Option<String>,
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
    /// The table that it belongs to.
    #[diesel(sql_type = Text)]
    table: String,
    /// What it is, and what it is called.
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// How the tables differ from what this program expects. The server works on it for `limit` at most, also while a table is
/// locked; zero for no limit.
///
/// # Errors
///
/// [`MigrateError`] if the database cannot be reached or read, or refuses the place of the store.
pub async fn differences(
    connector: &Connector,
    limit: Duration,
) -> Result<Vec<SchemaDifference>, MigrateError> {
    let mut connection = migrate::open_admitted(connector, limit).await?;
    let expected = expected();
    let tables: BTreeSet<_> = expected.iter().map(|object| object.table.clone()).collect();
    let found = describe(&mut connection, tables.into_iter().collect())
        .await
        .map_err(unread)?;
    Ok(compare(&expected, &found))
}

/// How a table of this name differs from the one that the migrations make.
pub(crate) async fn of_table(
    connection: &mut AsyncPgConnection,
    table: &str,
) -> Result<Vec<SchemaDifference>, MigrateError> {
    let mut expected = expected();
    expected.retain(|object| object.table == table);
    let found = describe(connection, vec![table.to_owned()]).await;
    Ok(compare(&expected, &found.map_err(unread)?))
}

/// Whether the migrations make an index of this name, by itself or for a constraint.
#[must_use]
pub fn expects_index(name: &str) -> bool {
    let of_that_name = |object: &Object| object.name.rsplit('.').next() == Some(name);
    expected().iter().any(of_that_name)
}

/// What those of these tables are like that the session would find.
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

/// What is expected comes first. Of a table that is missing as a whole its parts are not told.
fn compare(expected: &[Object], found: &[Object]) -> Vec<SchemaDifference> {
    let named = |list: &[Object], name: &str| -> Option<String> {
        let object = list.iter().find(|object| object.name == name)?;
        Some(object.definition.clone())
    };
    let is_there = |table: &str| found.iter().any(|object| object.table == table);
    let is_table = |object: &Object| object.name.starts_with("table ");
    let missing_or_different = expected
        .iter()
        .filter(|object| is_table(object) || is_there(&object.table))
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
