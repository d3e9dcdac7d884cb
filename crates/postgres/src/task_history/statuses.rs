//! The statuses of several tasks in one statement.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::TaskStatus;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row;

/// The status of a task, `None` if the task does not exist, or the error of its row alone.
pub(super) type Status = Result<Option<TaskStatus>, StoreError>;

/// Reads the statuses of tasks, in the same order.
pub(super) async fn statuses(
    connection: &mut AsyncPgConnection,
    tasks: &[TaskKey],
) -> Result<Vec<Status>, StoreError> {
    let rows: Vec<(i64, String)> = Prepared(Statuses::of(tasks)).load(connection).await?;
    let mut statuses: Vec<_> = tasks.iter().map(|_| Ok(None)).collect();
    for (position, text) in rows {
        let index = usize::try_from(position - 1).unwrap_or(usize::MAX);
        if let (Some(task), Some(status)) = (tasks.get(index), statuses.get_mut(index)) {
            *status = row::status(task, &text).map(Some);
        }
    }
    Ok(statuses)
}

/// `statuses.sql`, with one array parameter per column.
#[derive(Debug)]
pub(super) struct Statuses<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Statuses<'e> {
    pub(super) fn of(tasks: &'e [TaskKey]) -> Self {
        Self {
            users: tasks.iter().map(|task| task.user.as_str()).collect(),
            tasks: tasks.iter().map(|task| task.task.as_str()).collect(),
        }
    }
}

impl Statement for Statuses<'_> {
    const SQL: &'static str = include_str!("sql/statuses.sql");
    type Columns = (BigInt, Text);
    type Id = Statuses<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
