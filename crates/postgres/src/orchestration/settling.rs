//! What the end of tasks does to the tasks that depend on them, and in the task history.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Bool, Integer, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{self, Dependant, Dependants, Settled};
use tasktrail_domain::task_history::{FinalStatus, Finish};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::task_row::{state_of, task_id_of, when_of};
use crate::task_history::finish_open;

/// How often the dependants are locked again because a task was given another one at that moment.
const ATTEMPTS: usize = 10;

/// Settles the tasks that depend on tasks that have ended: makes them ready, or skips them and
/// settles those that depend on them.
///
/// Runs in the transaction of the caller, which has locked the ended tasks and written their states.
/// Finishes the skipped tasks in the history. Returns what changed, by ascending id; tasks that only
/// wait for less are among it.
pub(super) async fn settle(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
    ended: &[(TaskId, TaskState)],
) -> Result<Vec<Settled>, StoreError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let (dependants, tasks) = lock(connection, user, ended).await?;
    let settled = task::settle(ended.iter().cloned(), &dependants, &tasks);
    if settled.is_empty() {
        return Ok(settled);
    }
    let write = Prepared(Settle::of(user, at, &settled));
    write.execute(connection).await?;
    let skipped = settled.iter().filter_map(|task| {
        let status = task.to.final_status()?;
        Some((task.task.clone(), status))
    });
    finish_history(connection, user, at, &skipped.collect::<Vec<_>>()).await?;
    Ok(settled)
}

/// Finishes tasks in the task history at `at`. The first finish wins there, so one that exists is
/// kept.
pub(super) async fn finish_history(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    at: Timestamp,
    tasks: &[(TaskId, FinalStatus)],
) -> Result<(), StoreError> {
    let finish = |(task, status): &(TaskId, FinalStatus)| {
        let key = TaskKey {
            user: user.clone(),
            task: task.clone(),
        };
        let status = *status;
        (key, Finish { status, at })
    };
    let finishes: Vec<_> = tasks.iter().map(finish).collect();
    finish_open(connection, &finishes).await
}

/// Locks the dependants of tasks that have ended. Returns what depends on each task that has ended
/// or may be skipped, and the dependants.
async fn lock(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    ended: &[(TaskId, TaskState)],
) -> Result<(Dependants, BTreeMap<TaskId, Dependant>), StoreError> {
    for _ in 0..ATTEMPTS {
        let locked = lock_known(connection, user, ended).await?;
        if locked.is_empty() {
            return Ok(<_>::default());
        }
        let skippable = locked.iter().filter(|task| task.may_be_skipped);
        let prerequisites = ended.iter().map(|(task, _)| task);
        let prerequisites = prerequisites.chain(skippable.map(|task| &task.id));
        // A newer snapshot: it shows all dependencies on tasks that are locked.
        let dependants = read(connection, user, prerequisites).await?;
        let tasks: BTreeMap<_, _> = locked
            .into_iter()
            .map(|task| (task.id, task.dependant))
            .collect();
        let mut found = dependants.values().flatten();
        if found.all(|(task, _)| tasks.contains_key(task)) {
            return Ok((dependants, tasks));
        }
    }
    Err(StoreError::ConcurrentlyRemoved)
}

struct Locked {
    id: TaskId,
    dependant: Dependant,
    may_be_skipped: bool,
}

async fn lock_known(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    ended: &[(TaskId, TaskState)],
) -> Result<Vec<Locked>, StoreError> {
    let statement = Prepared(LockDependants::of(user, ended));
    let rows: Vec<(String, String, i32, bool)> = statement.load(connection).await?;
    let locked = rows.into_iter().map(|(id, state, open, may_be_skipped)| {
        let id = task_id_of("task_state", id)?;
        let state = state_of(&id, &state)?;
        Ok(Locked {
            dependant: Dependant {
                state,
                open_dependencies: open.unsigned_abs(),
            },
            id,
            may_be_skipped,
        })
    });
    locked.collect()
}

async fn read(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    prerequisites: impl Iterator<Item = &TaskId>,
) -> Result<Dependants, StoreError> {
    let statement = Prepared(BlockedDependants {
        user: user.as_str(),
        prerequisites: prerequisites.map(TaskId::as_str).collect(),
    });
    let rows: Vec<(String, String, String)> = statement.load(connection).await?;
    let mut dependants = Dependants::new();
    for (prerequisite, task, when) in rows {
        let prerequisite = task_id_of("task_dependency", prerequisite)?;
        let task = task_id_of("task_dependency", task)?;
        let when = when_of(&task, &when)?;
        dependants
            .entry(prerequisite)
            .or_default()
            .push((task, when));
    }
    Ok(dependants)
}

/// `lock_dependants.sql`.
#[derive(Debug)]
struct LockDependants<'e> {
    user: &'e str,
    ended: Vec<&'e str>,
    failed: Vec<bool>,
}

impl<'e> LockDependants<'e> {
    fn of(user: &'e UserId, ended: &'e [(TaskId, TaskState)]) -> Self {
        let failed = |state: TaskState| state != TaskState::Completed;
        Self {
            user: user.as_str(),
            ended: ended.iter().map(|(task, _)| task.as_str()).collect(),
            failed: ended.iter().map(|(_, state)| failed(*state)).collect(),
        }
    }
}

impl Statement for LockDependants<'_> {
    const SQL: &'static str = include_str!("sql/lock_dependants.sql");
    type Columns = (Text, Text, Integer, Bool);
    type Id = LockDependants<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.ended),
            3 => out.push_bind_param::<Array<Bool>, _>(&self.failed),
            other => unbound(other),
        }
    }
}

/// `blocked_dependants.sql`.
#[derive(Debug)]
struct BlockedDependants<'e> {
    user: &'e str,
    prerequisites: Vec<&'e str>,
}

impl Statement for BlockedDependants<'_> {
    const SQL: &'static str = include_str!("sql/blocked_dependants.sql");
    type Columns = (Text, Text, Text);
    type Id = BlockedDependants<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.prerequisites),
            other => unbound(other),
        }
    }
}

/// `settle.sql`.
#[derive(Debug)]
struct Settle<'e> {
    user: &'e str,
    tasks: Vec<&'e str>,
    states: Vec<&'static str>,
    open_dependencies: Vec<i32>,
    at: DateTime<Utc>,
}

impl<'e> Settle<'e> {
    fn of(user: &'e UserId, at: Timestamp, settled: &'e [Settled]) -> Self {
        let open = |task: &Settled| i32::try_from(task.open_dependencies).unwrap_or(i32::MAX);
        Self {
            user: user.as_str(),
            tasks: settled.iter().map(|task| task.task.as_str()).collect(),
            states: settled.iter().map(|task| task.to.as_str()).collect(),
            open_dependencies: settled.iter().map(open).collect(),
            at: at.to_datetime(),
        }
    }
}

impl Statement for Settle<'_> {
    const SQL: &'static str = include_str!("sql/settle.sql");
    type Columns = ();
    type Id = Settle<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Text>, _>(&self.states),
            4 => out.push_bind_param::<Array<Integer>, _>(&self.open_dependencies),
            5 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
