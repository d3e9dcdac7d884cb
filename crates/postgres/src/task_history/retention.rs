//! Removing expired tasks, whole ones, in bounded batches.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::task_history::{
    Expired, Removal, RemovalBatch, RetentionPolicy, TaskKey, TaskStatus,
};

use super::count::{UserRange, beyond_all};
use super::load::one_beyond;
use super::row::{amount, summary_value};
use crate::error::StoreError;
use crate::statement::{Prepared, Statement, unbound};

/// How much the policy covers.
pub(super) async fn expired(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
) -> Result<Expired, StoreError> {
    let covered = Covered::of(policy, None);
    let (tasks, entries): (i64, i64) = if covered.keep_newest == 0 {
        Prepared(CountExpired(covered)).get_result(connection).await
    } else {
        Prepared(CountBeyond(covered)).get_result(connection).await
    }?;
    Ok(Expired {
        tasks: amount(tasks),
        entries: amount(entries),
    })
}

/// How many tasks one call looks at, at most: a store full of live tasks must not make it long.
pub(super) const WINDOW: i64 = 5_000;

/// Removes the next batch.
///
/// Locking and removing are two statements on purpose: the second one sees what was committed while
/// the first one waited, so that no entry of a removed task stays behind.
pub(super) async fn remove(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    batch: &RemovalBatch,
) -> Result<Removal, StoreError> {
    connection
        .transaction(async |connection| {
            let covered = Covered::of(policy, batch.after.as_ref());
            let end = window_end(connection, &covered).await?;
            let until = end
                .clone()
                .unwrap_or_else(|| (covered.last_user.clone(), beyond_all()));
            let limit = one_beyond(batch.tasks);
            let window = Window {
                covered,
                until,
                limit,
            };
            let mut locked: Vec<(String, String, i64)> = if window.covered.keep_newest == 0 {
                Prepared(LockExpired(window)).load(connection).await
            } else {
                Prepared(LockBeyond(window)).load(connection).await
            }?;
            let found = locked.len();
            locked.truncate(batch.admits(locked.iter().map(|(_, _, entries)| amount(*entries))));
            let last = locked
                .last()
                .map(|(user, task, _)| (user.clone(), task.clone()));
            let next = if found > locked.len() { last } else { end };
            let next = next.map(key).transpose()?;
            if locked.is_empty() {
                return Ok(Removal {
                    next,
                    ..Removal::default()
                });
            }
            let (tasks, entries): (i64, i64) =
                Prepared(Remove::of(&locked)).get_result(connection).await?;
            Ok(Removal {
                tasks: amount(tasks),
                entries: amount(entries),
                next,
            })
        })
        .await
}

/// The last task that this call looks at; `None` if it looks at all that are left.
async fn window_end(
    connection: &mut AsyncPgConnection,
    covered: &Covered,
) -> Result<Option<(String, String)>, StoreError> {
    let end = Prepared(WindowEnd {
        covered,
        window: WINDOW,
    });
    Ok(end.get_result(connection).await.optional()?)
}

fn key((user, task): (String, String)) -> Result<TaskKey, StoreError> {
    let shown = format!("{user}/{task}");
    summary_value("task_id", shown, (user, task), |(user, task)| {
        TaskKey::new(user, task)
    })
}

/// The tasks that a policy covers, behind a place in the order of their keys.
#[derive(Debug)]
pub(super) struct Covered {
    after: (String, String),
    last_user: String,
    cutoff: DateTime<Utc>,
    statuses: Vec<&'static str>,
    finished_only: bool,
    keep_newest: i64,
}

impl Covered {
    pub(super) fn of(policy: &RetentionPolicy, after: Option<&TaskKey>) -> Self {
        let users = UserRange::of(&policy.scope);
        let begin = (users.first, String::new());
        let after = after.map(|key| (key.user.as_str().to_owned(), key.task.as_str().to_owned()));
        Self {
            after: after.map_or(begin.clone(), |place| place.max(begin)),
            last_user: users.last,
            cutoff: policy.cutoff.to_datetime(),
            statuses: policy.statuses.iter().map(TaskStatus::as_str).collect(),
            finished_only: policy.finished_only,
            keep_newest: i64::try_from(policy.keep_newest).unwrap_or(i64::MAX),
        }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(&self.after.0),
            2 => out.push_bind_param::<Text, _>(&self.after.1),
            3 => out.push_bind_param::<Text, _>(&self.last_user),
            4 => out.push_bind_param::<Timestamptz, _>(&self.cutoff),
            5 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            6 => out.push_bind_param::<Bool, _>(&self.finished_only),
            7 => out.push_bind_param::<BigInt, _>(&self.keep_newest),
            other => unbound(other),
        }
    }
}

/// `expired.sql`.
#[derive(Debug)]
pub(super) struct CountExpired(pub(super) Covered);

impl Statement for CountExpired {
    const SQL: &'static str = include_str!("sql/expired.sql");
    type Columns = (BigInt, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `expired_beyond.sql`.
#[derive(Debug)]
struct CountBeyond(Covered);

impl Statement for CountBeyond {
    const SQL: &'static str = concat!(
        include_str!("sql/expired_beyond.sql"),
        include_str!("sql/last_kept.sql"),
        include_str!("sql/expired_beyond_count.sql"),
    );
    type Columns = (BigInt, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `window_end.sql`.
#[derive(Debug)]
pub(super) struct WindowEnd<'c> {
    pub(super) covered: &'c Covered,
    pub(super) window: i64,
}

impl Statement for WindowEnd<'_> {
    const SQL: &'static str = include_str!("sql/window_end.sql");
    type Columns = (Text, Text);
    type Id = WindowEnd<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            4 => out.push_bind_param::<BigInt, _>(&self.window),
            other => self.covered.bind(other, out),
        }
    }
}

/// The tasks that one call looks at, and how many of them it may take.
#[derive(Debug)]
pub(super) struct Window {
    pub(super) covered: Covered,
    pub(super) until: (String, String),
    pub(super) limit: i64,
}

impl Window {
    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            8 => out.push_bind_param::<Text, _>(&self.until.0),
            9 => out.push_bind_param::<Text, _>(&self.until.1),
            10 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => self.covered.bind(other, out),
        }
    }
}

/// `lock_expired.sql`.
#[derive(Debug)]
pub(super) struct LockExpired(pub(super) Window);

impl Statement for LockExpired {
    const SQL: &'static str = include_str!("sql/lock_expired.sql");
    type Columns = (Text, Text, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `lock_beyond.sql`.
#[derive(Debug)]
struct LockBeyond(Window);

impl Statement for LockBeyond {
    const SQL: &'static str = concat!(
        include_str!("sql/lock_beyond.sql"),
        include_str!("sql/last_kept.sql"),
        include_str!("sql/lock_beyond_tasks.sql"),
    );
    type Columns = (Text, Text, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `remove.sql`.
#[derive(Debug)]
pub(super) struct Remove<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Remove<'e> {
    pub(super) fn of(locked: &'e [(String, String, i64)]) -> Self {
        Self {
            users: locked.iter().map(|(user, _, _)| user.as_str()).collect(),
            tasks: locked.iter().map(|(_, task, _)| task.as_str()).collect(),
        }
    }
}

impl Statement for Remove<'_> {
    const SQL: &'static str = include_str!("sql/remove.sql");
    type Columns = (BigInt, BigInt);
    type Id = Remove<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
