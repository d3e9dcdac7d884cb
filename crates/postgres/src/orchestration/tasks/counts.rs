//! Counts the tasks of an owner.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::task::TaskCounts;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use crate::orchestration::task_row::state_of;

/// Counts tasks by state, in one statement and therefore at one instant.
pub(super) async fn counts(
    connection: &mut AsyncPgConnection,
    user: &UserId,
) -> Result<TaskCounts, StoreError> {
    let rows: Vec<(String, i64)> = Prepared(CountTasks(user)).load(connection).await?;
    let counts = rows.into_iter().map(|(state, tasks)| {
        let state = state_of(user, &state)?;
        Ok((state, tasks.unsigned_abs()))
    });
    counts.collect()
}

/// `count_tasks.sql`.
#[derive(Debug)]
struct CountTasks<'e>(&'e UserId);

impl Statement for CountTasks<'_> {
    const SQL: &'static str = include_str!("../sql/count_tasks.sql");
    type Columns = (Text, BigInt);
    type Id = CountTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.as_str()),
            other => unbound(other),
        }
    }
}
