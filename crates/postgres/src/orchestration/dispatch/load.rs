//! Counts the tasks that wait for an agent.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::dispatch::{QueueLoad, ReadyTasks};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use crate::error::corrupt;
use crate::jsonb_result::StoredDocument;
use crate::orchestration::task_row::instant_of;

/// Counts the ready tasks of each queue.
pub(super) async fn load(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
) -> Result<QueueLoad, StoreError> {
    let statement = Prepared(CountReady {
        user: user.as_str(),
        at: at.to_datetime(),
    });
    let rows: Vec<QueueRow> = statement.load(connection).await?;
    let queues = rows.into_iter().map(|row| ready_tasks(user, row));
    let mut queues: Vec<_> = queues.collect::<Result<_, _>>()?;
    queues.sort_by(|one, other| text(one).cmp(text(other)));
    Ok(QueueLoad::new(queues))
}

fn text(queue: &ReadyTasks) -> &str {
    queue.required_capabilities.as_str()
}

/// The required capabilities of a queue, its ready and its due tasks, and since when one is due.
type QueueRow = (StoredDocument, i64, i64, Option<DateTime<Utc>>);

fn ready_tasks(user: &UserId, row: QueueRow) -> Result<ReadyTasks, StoreError> {
    let (StoredDocument(required), ready, due, due_since) = row;
    let refused = |source| corrupt("task_queue", "required_capabilities", user, source);
    let due_since = due_since.map(|at| instant_of("due_at", user, at));
    Ok(ReadyTasks::new(
        required.map_err(refused)?,
        ready.unsigned_abs(),
        due.unsigned_abs(),
        due_since.transpose()?,
    ))
}

/// `queue_load.sql`.
#[derive(Debug)]
pub(super) struct CountReady<'e> {
    user: &'e str,
    at: DateTime<Utc>,
}

impl Statement for CountReady<'_> {
    const SQL: &'static str = include_str!("../sql/queue_load.sql");
    type Columns = (Jsonb, BigInt, BigInt, Nullable<Timestamptz>);
    type Id = CountReady<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
