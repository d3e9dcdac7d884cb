//! Batches status checks. A statement starts after all checks in it were called, so each check sees
//! everything that was committed before it.

use tasktrail_domain::TaskKey;
use tasktrail_domain::repository::Operation;
use tasktrail_domain::task_history::{TaskStatus, operation};
use tasktrail_postgres_client::batching::{Batchable, Bisection, Sending};
use tasktrail_postgres_client::error::SharedError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::pool::Pool;

use super::operations;

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
        let mut parts = Bisection::of(tasks);
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
