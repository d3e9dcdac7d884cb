//! Finds tasks that other transactions have locked.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::operation;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::pg_operation::PgOperation;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

/// Returns the indices of the tasks that are locked now. Does not find a task whose first save is
/// not committed yet.
pub(super) struct FindLocked<'e>(pub(super) &'e [&'e TaskKey]);

impl PgOperation for FindLocked<'_> {
    type Output = Vec<usize>;

    const OPERATION: Operation = operation::SAVE;

    async fn run(&self, connection: &mut AsyncPgConnection) -> Result<Self::Output, StoreError> {
        let locked = Prepared(Locked::of(self.0));
        let positions: Vec<i64> = locked.load(connection).await?;
        let index = |position: i64| usize::try_from(position - 1).ok();
        Ok(positions.into_iter().filter_map(index).collect())
    }
}

/// `locked.sql`, with one array parameter per column.
#[derive(Debug)]
struct Locked<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Locked<'e> {
    fn of(tasks: &[&'e TaskKey]) -> Self {
        Self {
            users: tasks.iter().map(|task| task.user.as_str()).collect(),
            tasks: tasks.iter().map(|task| task.task.as_str()).collect(),
        }
    }
}

impl Statement for Locked<'_> {
    const SQL: &'static str = include_str!("../sql/locked.sql");
    type Columns = BigInt;
    type Id = Locked<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
