//! Reads single tasks.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::Version;
use tasktrail_domain::orchestration::task::{Dependency, Task};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{InvalidValue, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::overview::{ProgressColumns, ProgressRow, progress_of};
use crate::error::corrupt;
use crate::orchestration::definition_row::{DefinitionColumns, DefinitionRow, definition};
use crate::orchestration::task_row::{task_id_of, when_of};

/// The definition and progress of a task, its last change, its version, and what it depends on.
type TaskColumns = (
    DefinitionColumns,
    ProgressColumns,
    (Timestamptz, BigInt),
    EdgeColumns,
);

/// Prerequisites, and what is waited for.
pub(super) type EdgeColumns = (Array<Text>, Array<Text>);

/// The values of [`EdgeColumns`].
pub(super) type EdgeRow = (Vec<String>, Vec<String>);

/// Reads a task; `None` if it does not exist.
pub(super) async fn get(
    connection: &mut AsyncPgConnection,
    key: &TaskKey,
) -> Result<Option<Task>, StoreError> {
    type Row = (DefinitionRow, ProgressRow, (DateTime<Utc>, i64), EdgeRow);
    let row: Option<Row> = Prepared(GetTask(key))
        .get_result(connection)
        .await
        .optional()?;
    let Some((definition_row, progress, (updated_at, version), edges)) = row else {
        return Ok(None);
    };
    let refused = |column| move |source: InvalidValue| corrupt("task", column, key, source);
    let definition = definition(key, definition_row)?;
    let mut task = Task::new(key.clone(), definition, progress_of(key, progress)?);
    task.dependencies = dependencies_of(key, edges)?;
    task.updated_at = Timestamp::from_datetime(updated_at).map_err(refused("updated_at"))?;
    task.version = Version::new(version).map_err(refused("version"))?;
    Ok(Some(task))
}

/// Converts the columns to the dependencies of a task.
pub(super) fn dependencies_of(key: &TaskKey, row: EdgeRow) -> Result<Vec<Dependency>, StoreError> {
    let (prerequisites, waits_for) = row;
    let edges = prerequisites.into_iter().zip(waits_for);
    let edges = edges.map(|(prerequisite, when)| {
        Ok(Dependency {
            prerequisite: task_id_of("task_dependency", prerequisite)?,
            when: when_of(key, &when)?,
        })
    });
    edges.collect()
}

/// `get_task.sql`.
#[derive(Debug)]
struct GetTask<'e>(&'e TaskKey);

impl Statement for GetTask<'_> {
    const SQL: &'static str = include_str!("../sql/get_task.sql");
    type Columns = TaskColumns;
    type Id = GetTask<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.0.task.as_str()),
            other => unbound(other),
        }
    }
}
