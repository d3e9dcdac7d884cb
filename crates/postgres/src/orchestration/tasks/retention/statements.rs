//! Statements of a removal, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::TaskRetention;
use tasktrail_domain::repository::PageRequest;
use tasktrail_postgres_client::statement::{Statement, unbound};

use super::Key;
use crate::page_limit::one_beyond;
use crate::task_history::UserRange;

/// The tasks that a retention covers.
#[derive(Debug)]
pub(super) struct Covered {
    users: UserRange,
    states: Vec<&'static str>,
    ended_before: DateTime<Utc>,
}

impl Covered {
    pub(super) fn of(retention: &TaskRetention) -> Self {
        let ended = retention.states.iter().filter(|state| state.is_ended());
        Self {
            users: UserRange::of(&retention.scope),
            states: ended.map(TaskState::as_str).collect(),
            ended_before: retention.ended_before.to_datetime(),
        }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(&self.users.first),
            2 => out.push_bind_param::<Text, _>(&self.users.last),
            3 => out.push_bind_param::<Array<Text>, _>(&self.states),
            4 => out.push_bind_param::<Timestamptz, _>(&self.ended_before),
            other => unbound(other),
        }
    }
}

/// `count_expired_tasks.sql`.
#[derive(Debug)]
pub(super) struct CountExpired(pub(super) Covered);

impl Statement for CountExpired {
    const SQL: &'static str = concat!(
        include_str!("../../sql/count_expired_tasks.sql"),
        include_str!("../../sql/removable.sql"),
    );
    type Columns = BigInt;
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `lock_expired_tasks.sql`.
#[derive(Debug)]
pub(super) struct LockExpired<'e> {
    covered: Covered,
    after: (&'e str, &'e str),
    limit: i64,
}

impl<'e> LockExpired<'e> {
    pub(super) fn of(retention: &TaskRetention, batch: &'e PageRequest<TaskKey>) -> Self {
        let after = batch.after.as_ref();
        // Ids are never empty, so this is before all tasks.
        let after = after.map_or(("", ""), |key| (key.user.as_str(), key.task.as_str()));
        Self {
            covered: Covered::of(retention),
            after,
            limit: one_beyond(batch.size),
        }
    }
}

impl Statement for LockExpired<'_> {
    const SQL: &'static str = include_str!("../../sql/lock_expired_tasks.sql");
    type Columns = (Text, Text);
    type Id = LockExpired<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            5 => out.push_bind_param::<Text, _>(self.after.0),
            6 => out.push_bind_param::<Text, _>(self.after.1),
            7 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => self.covered.bind(other, out),
        }
    }
}

/// Tasks by owner and id.
#[derive(Debug)]
struct Keys<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Keys<'e> {
    fn of(keys: &'e [Key]) -> Self {
        let keys = keys
            .iter()
            .map(|(user, task)| (user.as_str(), task.as_str()));
        let (users, tasks) = keys.unzip();
        Self { users, tasks }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}

/// `choose_expired_tasks.sql`.
#[derive(Debug)]
pub(super) struct ChooseExpired<'e>(Keys<'e>);

impl<'e> ChooseExpired<'e> {
    pub(super) fn of(keys: &'e [Key]) -> Self {
        Self(Keys::of(keys))
    }
}

impl Statement for ChooseExpired<'_> {
    const SQL: &'static str = concat!(
        include_str!("../../sql/choose_expired_tasks.sql"),
        include_str!("../../sql/removable.sql"),
        include_str!("../../sql/choose_expired_tasks_end.sql"),
    );
    type Columns = (Text, Text);
    type Id = ChooseExpired<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `remove_tasks.sql`.
#[derive(Debug)]
pub(super) struct RemoveTasks<'e>(Keys<'e>);

impl<'e> RemoveTasks<'e> {
    pub(super) fn of(keys: &'e [Key]) -> Self {
        Self(Keys::of(keys))
    }
}

impl Statement for RemoveTasks<'_> {
    const SQL: &'static str = include_str!("../../sql/remove_tasks.sql");
    type Columns = ();
    type Id = RemoveTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}
