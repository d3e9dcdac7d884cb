//! Finishes many tasks in one transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{Finish, FinishOutcome, TaskStatus};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row;

/// How many tasks one statement finishes at most.
const STATEMENT_TASKS: usize = 1000;

/// A task and its requested finish.
type Wanted<'e> = (&'e TaskKey, Finish);

/// Finishes all tasks or none, in one transaction of statements of bounded size. If a task occurs
/// more than once, the first finish wins.
pub(super) async fn finish(
    connection: &mut AsyncPgConnection,
    finishes: &[(TaskKey, Finish)],
    wait: LockWait,
) -> Result<Vec<FinishOutcome>, StoreError> {
    let mut first = BTreeMap::new();
    for (task, finish) in finishes {
        first.entry(task).or_insert(*finish);
    }
    // Ordered by key, the order in which saves also lock summaries.
    let wanted: Vec<Wanted<'_>> = first.into_iter().collect();
    let outcomes = transaction(connection, &wanted, wait).await?;
    let mut answered = HashSet::with_capacity(outcomes.len());
    let mut answers = Vec::with_capacity(finishes.len());
    for (task, _) in finishes {
        let (outcome, current) = *outcomes.get(task).ok_or(StoreError::ConcurrentlyRemoved)?;
        let Finish { status, at } = current;
        let late = FinishOutcome::AlreadyFinished { status, at };
        answers.push(if answered.insert(task) { outcome } else { late });
    }
    Ok(answers)
}

/// Finishes tasks in the caller's transaction, each given once. Those that are finished already are
/// kept as they are.
pub(crate) async fn finish_open(
    connection: &mut AsyncPgConnection,
    finishes: &[(TaskKey, Finish)],
) -> Result<(), StoreError> {
    let mut wanted: Vec<Wanted<'_>> = finishes.iter().map(|(task, at)| (task, *at)).collect();
    wanted.sort_unstable_by_key(|(task, _)| *task);
    for part in wanted.chunks(STATEMENT_TASKS) {
        let statement = Prepared(FinishBatch::of(part, LockWait::Session));
        let _finished: Vec<(String, String, Option<String>)> = statement.load(connection).await?;
    }
    Ok(())
}

/// The outcome for each task, and its current finish.
type Outcomes<'e> = HashMap<&'e TaskKey, (FinishOutcome, Finish)>;

async fn transaction<'e>(
    connection: &mut AsyncPgConnection,
    wanted: &[Wanted<'e>],
    wait: LockWait,
) -> Result<Outcomes<'e>, StoreError> {
    if wanted.is_empty() {
        return Ok(Outcomes::default());
    }
    connection
        .transaction(async |connection| {
            let mut outcomes = Outcomes::with_capacity(wanted.len());
            for part in wanted.chunks(STATEMENT_TASKS) {
                statement(connection, part, wait, &mut outcomes).await?;
            }
            Ok(outcomes)
        })
        .await
}

async fn statement<'e>(
    connection: &mut AsyncPgConnection,
    wanted: &[Wanted<'e>],
    wait: LockWait,
    outcomes: &mut Outcomes<'e>,
) -> Result<(), StoreError> {
    let finished: Vec<(String, String, Option<String>)> = Prepared(FinishBatch::of(wanted, wait))
        .load(connection)
        .await?;
    let previous: HashMap<(&str, &str), Option<&str>> = finished
        .iter()
        .map(|(user, task, status)| ((user.as_str(), task.as_str()), status.as_deref()))
        .collect();
    let mut left = Vec::new();
    for &(task, finish) in wanted {
        match previous.get(&columns(task)) {
            Some(status) => {
                let previous = status.map(|text| row::status(task, text)).transpose()?;
                outcomes.insert(task, (FinishOutcome::Finished { previous }, finish));
            }
            None => left.push(task),
        }
    }
    how_finished(connection, &left, outcomes).await
}

/// Reads tasks that were already finished. Their rows are locked, so they exist.
async fn how_finished<'e>(
    connection: &mut AsyncPgConnection,
    tasks: &[&'e TaskKey],
    outcomes: &mut Outcomes<'e>,
) -> Result<(), StoreError> {
    if tasks.is_empty() {
        return Ok(());
    }
    let rows: Vec<FinishedRow> = Prepared(Finished::of(tasks)).load(connection).await?;
    let found: HashMap<(&str, &str), _> = rows
        .iter()
        .map(|(user, task, status, at)| ((user.as_str(), task.as_str()), (status, at)))
        .collect();
    for &task in tasks {
        let Some((Some(status), Some(at))) = found.get(&columns(task)) else {
            return Err(StoreError::ConcurrentlyRemoved);
        };
        let at = row::summary_value("finished_at", task, *at, Timestamp::from_datetime)?;
        let status = row::final_status(task, status)?;
        let outcome = FinishOutcome::AlreadyFinished { status, at };
        outcomes.insert(task, (outcome, Finish { status, at }));
    }
    Ok(())
}

type FinishedRow = (String, String, Option<String>, Option<DateTime<Utc>>);

fn columns(task: &TaskKey) -> (&str, &str) {
    (task.user.as_str(), task.task.as_str())
}

/// `finish_batch.sql`, with one array parameter per column.
#[derive(Debug, Default)]
pub(super) struct FinishBatch<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    statuses: Vec<&'static str>,
    times: Vec<DateTime<Utc>>,
    lock_timeout: Option<String>,
}

impl<'e> FinishBatch<'e> {
    pub(super) fn of(wanted: &[Wanted<'e>], wait: LockWait) -> Self {
        let mut batch = Self {
            lock_timeout: wait.setting(),
            ..Self::default()
        };
        for &(task, finish) in wanted {
            batch.users.push(task.user.as_str());
            batch.tasks.push(task.task.as_str());
            batch
                .statuses
                .push(TaskStatus::from(finish.status).as_str());
            batch.times.push(finish.at.to_datetime());
        }
        batch
    }
}

impl Statement for FinishBatch<'_> {
    const SQL: &'static str = include_str!("sql/finish_batch.sql");
    type Columns = (Text, Text, Nullable<Text>);
    type Id = FinishBatch<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            4 => out.push_bind_param::<Array<Timestamptz>, _>(&self.times),
            5 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `finished.sql`: reads tasks that were already finished.
#[derive(Debug)]
pub(super) struct Finished<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Finished<'e> {
    pub(super) fn of(tasks: &[&'e TaskKey]) -> Self {
        Self {
            users: tasks.iter().map(|task| task.user.as_str()).collect(),
            tasks: tasks.iter().map(|task| task.task.as_str()).collect(),
        }
    }
}

impl Statement for Finished<'_> {
    const SQL: &'static str = include_str!("sql/finished.sql");
    type Columns = (Text, Text, Nullable<Text>, Nullable<Timestamptz>);
    type Id = Finished<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
