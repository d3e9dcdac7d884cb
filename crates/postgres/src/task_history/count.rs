//! Counts users, tasks and steps.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::{Counts, Scope};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::{self, amount};

/// Counts everything in scope, in a single statement and therefore at a single instant.
pub(super) async fn count(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
) -> Result<Counts, StoreError> {
    let rows: Vec<(String, i64, i64, i64, i64, i64)> =
        Prepared(Count::of(scope)).load(connection).await?;
    let mut counts = Counts::default();
    for (status, tasks, open, entries, users, steps) in rows {
        let status = row::status("a task", &status)?;
        counts.tasks_by_status.insert(status, amount(tasks));
        if open > 0 {
            counts.open_tasks_by_status.insert(status, amount(open));
        }
        counts.tasks += amount(tasks);
        counts.entries += amount(entries);
        counts.users = amount(users);
        counts.steps = amount(steps);
    }
    Ok(counts)
}

/// The first and the last user in scope.
#[derive(Debug)]
pub(crate) struct UserRange {
    pub(crate) first: String,
    pub(crate) last: String,
}

impl UserRange {
    pub(crate) fn of(scope: &Scope) -> Self {
        match scope {
            // Ids are never empty.
            Scope::Everyone => Self {
                first: String::new(),
                last: beyond_all(),
            },
            Scope::User(user) => Self {
                first: user.as_str().to_owned(),
                last: user.as_str().to_owned(),
            },
        }
    }
}

/// A text that sorts after all ids: 64 times the greatest character is longer than any id.
pub(super) fn beyond_all() -> String {
    char::MAX.to_string().repeat(64)
}

/// `count.sql`.
#[derive(Debug)]
pub(super) struct Count {
    users: UserRange,
}

impl Count {
    pub(super) fn of(scope: &Scope) -> Self {
        Self {
            users: UserRange::of(scope),
        }
    }
}

impl Statement for Count {
    const SQL: &'static str = include_str!("sql/count.sql");
    type Columns = (Text, BigInt, BigInt, BigInt, BigInt, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(&self.users.first),
            2 => out.push_bind_param::<Text, _>(&self.users.last),
            other => unbound(other),
        }
    }
}
