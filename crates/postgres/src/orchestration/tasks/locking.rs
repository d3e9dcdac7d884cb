//! Locks tasks, by ascending id.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use crate::orchestration::task_row::{instant_of, state_of, task_id_of};

/// A locked task.
#[derive(Debug)]
pub(super) struct LockedTask {
    pub(super) state: TaskState,
    pub(super) open_dependencies: u32,
    /// The number of dependencies on it.
    pub(super) dependants: u32,
    pub(super) changed_at: Timestamp,
}

/// The tasks that exist, by id.
pub(super) type LockedTasks = BTreeMap<TaskId, LockedTask>;

/// Locks one task; `None` if it does not exist.
pub(super) async fn lock_task(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    wait: LockWait,
) -> Result<Option<LockedTask>, StoreError> {
    let mut locked = lock_tasks(connection, &task.user, &[&task.task], wait).await?;
    Ok(locked.remove(&task.task))
}

/// Locks tasks.
pub(super) async fn lock_tasks(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    tasks: &[&TaskId],
    wait: LockWait,
) -> Result<LockedTasks, StoreError> {
    let ascending: BTreeSet<_> = tasks.iter().map(|task| task.as_str()).collect();
    let statement = Prepared(LockTasks {
        user: user.as_str(),
        tasks: ascending.into_iter().collect(),
        lock_timeout: wait.setting(),
    });
    locked(statement.load(connection).await?)
}

/// Locks a task and its descendants.
pub(super) async fn lock_descendants(
    connection: &mut AsyncPgConnection,
    task: &TaskKey,
    wait: LockWait,
) -> Result<LockedTasks, StoreError> {
    let statement = Prepared(LockDescendants {
        user: task.user.as_str(),
        task: task.task.as_str(),
        lock_timeout: wait.setting(),
    });
    locked(statement.load(connection).await?)
}

/// Keeps tasks from being removed until the transaction ends. Returns those that exist.
pub(super) async fn keep_tasks(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    tasks: &[&TaskId],
) -> Result<BTreeSet<TaskId>, StoreError> {
    let tasks: Vec<_> = tasks.iter().map(|task| task.as_str()).collect();
    if tasks.is_empty() {
        return Ok(BTreeSet::new());
    }
    let user = user.as_str();
    let rows: Vec<String> = Prepared(KeepTasks { user, tasks }).load(connection).await?;
    let ids = rows.into_iter().map(|id| task_id_of("task_state", id));
    ids.collect()
}

type LockedRow = (String, String, i32, i32, DateTime<Utc>);
type LockedColumns = (Text, Text, Integer, Integer, Timestamptz);

fn locked(rows: Vec<LockedRow>) -> Result<LockedTasks, StoreError> {
    let tasks = rows
        .into_iter()
        .map(|(id, state, open, dependants, changed_at)| {
            let id = task_id_of("task_state", id)?;
            let locked = LockedTask {
                state: state_of(&id, &state)?,
                open_dependencies: open.unsigned_abs(),
                dependants: dependants.unsigned_abs(),
                changed_at: instant_of("changed_at", &id, changed_at)?,
            };
            Ok((id, locked))
        });
    tasks.collect()
}

/// `lock_tasks.sql`.
#[derive(Debug)]
struct LockTasks<'e> {
    user: &'e str,
    tasks: Vec<&'e str>,
    lock_timeout: Option<String>,
}

impl Statement for LockTasks<'_> {
    const SQL: &'static str = include_str!("../sql/lock_tasks.sql");
    type Columns = LockedColumns;
    type Id = LockTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `lock_descendants.sql`.
#[derive(Debug)]
pub(in crate::orchestration) struct LockDescendants<'e> {
    user: &'e str,
    task: &'e str,
    lock_timeout: Option<String>,
}

impl Statement for LockDescendants<'_> {
    const SQL: &'static str = include_str!("../sql/lock_descendants.sql");
    type Columns = LockedColumns;
    type Id = LockDescendants<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.task),
            3 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `keep_tasks.sql`.
#[derive(Debug)]
struct KeepTasks<'e> {
    user: &'e str,
    tasks: Vec<&'e str>,
}

impl Statement for KeepTasks<'_> {
    const SQL: &'static str = include_str!("../sql/keep_tasks.sql");
    type Columns = Text;
    type Id = KeepTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
