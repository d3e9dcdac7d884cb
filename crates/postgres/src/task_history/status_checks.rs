//! Batches status checks. A statement starts after all checks in it were called, so each check sees
//! everything that was committed before it.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::{TaskKey, TaskStatus, operation};
use tasktrail_postgres_client::batching::{Batchable, Parts, Sending};
use tasktrail_postgres_client::error::{SharedError, StoreError};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pool::Pool;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::{operations, row};

/// The batchable kind of status checks.
#[derive(Debug)]
pub(crate) struct StatusChecks;

impl Batchable for StatusChecks {
    type Request = TaskKey;
    type Key = TaskKey;
    type Answer = Option<TaskStatus>;

    const OPERATION: Operation = operation::STATUS;
    const MAX_REQUESTS: usize = 500;
    /// Unlimited, because keys are short.
    const MAX_BYTES: usize = usize::MAX;

    fn size_bytes(task: &TaskKey) -> usize {
        task.user.as_str().len() + task.task.as_str().len()
    }

    fn key(task: &TaskKey) -> &TaskKey {
        task
    }

    async fn single(pool: &Pool, task: &TaskKey) -> Sending<Option<TaskStatus>> {
        let status = pool.run(&operations::Status(task)).await;
        Sending::Answered(status.map_err(|error| error.during(operation::STATUS)))
    }

    /// Does not use the lock timeout, because locked rows can be read.
    async fn batched(
        pool: &Pool,
        tasks: &[TaskKey],
        _wait: LockWait,
    ) -> Vec<Sending<Option<TaskStatus>>> {
        let mut answers = Vec::with_capacity(tasks.len());
        let mut parts = Parts::of(tasks);
        while let Some(part) = parts.next() {
            match pool.run_started(&operations::Statuses(part)).await {
                Ok(statuses) => answers.extend(statuses.into_iter().map(|status| {
                    Sending::Answered(status.map_err(|error| error.during(operation::STATUS)))
                })),
                Err(error) if error.blames_a_value() && parts.halve(part) => {}
                Err(error) => {
                    let shared = SharedError::of(error);
                    let failed = || Sending::Answered(Err(shared.during(operation::STATUS, false)));
                    answers.extend(part.iter().map(|_| failed()));
                }
            }
        }
        answers
    }
}

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
