//! Statements of a removal, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use tasktrail_domain::TaskKey;
use tasktrail_domain::task_history::{RemovalCursor, RetentionPolicy, TaskStatus};
use tasktrail_postgres_client::statement::{Statement, unbound};

use crate::task_history::count::{UserRange, beyond_all};

/// The tasks that a policy covers, after a cursor in the order of their keys.
#[derive(Debug)]
pub(in crate::task_history) struct Covered {
    after: (String, String),
    /// The last of the newest tasks of the user in `after`, if it is known.
    last_kept: (Option<DateTime<Utc>>, Option<String>),
    last_user: String,
    cutoff: DateTime<Utc>,
    statuses: Vec<&'static str>,
    keep_unfinished: bool,
    keep_newest: i64,
}

impl Covered {
    pub(in crate::task_history) fn of(
        policy: &RetentionPolicy,
        after: Option<&RemovalCursor>,
    ) -> Self {
        let users = UserRange::of(&policy.scope);
        let begin = (users.first, String::new());
        let place = after.map(|after| {
            let TaskKey { user, task } = &after.task;
            (user.as_str().to_owned(), task.as_str().to_owned())
        });
        let reached = after.filter(|_| place.as_ref() >= Some(&begin));
        let last_kept = reached.and_then(|after| after.last_kept.as_ref());
        Self {
            after: place.map_or(begin.clone(), |place| place.max(begin)),
            last_kept: last_kept
                .map(|place| (place.last_updated.to_datetime(), place.task.to_string()))
                .unzip(),
            last_user: users.last,
            cutoff: policy.cutoff.to_datetime(),
            statuses: policy.statuses.iter().map(TaskStatus::as_str).collect(),
            keep_unfinished: policy.keep_unfinished,
            keep_newest: i64::try_from(policy.keep_newest).unwrap_or(i64::MAX),
        }
    }

    pub(super) fn keeps_newest(&self) -> bool {
        self.keep_newest > 0
    }

    pub(super) fn last_user(&self) -> &str {
        &self.last_user
    }

    /// The last of the newest tasks of a user, if an earlier call found it.
    pub(super) fn last_kept_of(&self, user: &str) -> Option<(DateTime<Utc>, String)> {
        let (at, task) = &self.last_kept;
        (self.after.0 == user)
            .then(|| (*at).zip(task.clone()))
            .flatten()
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(&self.after.0),
            2 => out.push_bind_param::<Text, _>(&self.after.1),
            3 => out.push_bind_param::<Text, _>(&self.last_user),
            4 => out.push_bind_param::<Timestamptz, _>(&self.cutoff),
            5 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            6 => out.push_bind_param::<Bool, _>(&self.keep_unfinished),
            7 => out.push_bind_param::<BigInt, _>(&self.keep_newest),
            other => unbound(other),
        }
    }
}

/// `expired.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct CountExpired(pub(in crate::task_history) Covered);

impl Statement for CountExpired {
    const SQL: &'static str = include_str!("../sql/expired.sql");
    type Columns = (BigInt, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `expired_beyond.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct CountBeyond(pub(in crate::task_history) Covered);

impl Statement for CountBeyond {
    const SQL: &'static str = concat!(
        include_str!("../sql/expired_beyond.sql"),
        include_str!("../sql/last_kept.sql"),
        include_str!("../sql/expired_beyond_count.sql"),
    );
    type Columns = (BigInt, BigInt);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `window_end.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct WindowEnd<'c> {
    pub(in crate::task_history) covered: &'c Covered,
    pub(in crate::task_history) window: i64,
}

impl Statement for WindowEnd<'_> {
    const SQL: &'static str = include_str!("../sql/window_end.sql");
    type Columns = (Text, Text);
    type Id = WindowEnd<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            4 => out.push_bind_param::<BigInt, _>(&self.window),
            other => self.covered.bind(other, out),
        }
    }
}

/// The tasks that one call checks, and how many of them it may lock.
#[derive(Debug)]
pub(in crate::task_history) struct Window {
    pub(in crate::task_history) covered: Covered,
    pub(in crate::task_history) until: (String, String),
    pub(in crate::task_history) limit: i64,
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
pub(in crate::task_history) struct LockExpired<'w>(pub(in crate::task_history) &'w Window);

impl Statement for LockExpired<'_> {
    const SQL: &'static str = include_str!("../sql/lock_expired.sql");
    type Columns = (Text, Text, BigInt);
    type Id = LockExpired<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `lock_beyond.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct LockBeyond<'w> {
    window: &'w Window,
    beyond_all: String,
}

impl<'w> LockBeyond<'w> {
    pub(in crate::task_history) fn of(window: &'w Window) -> Self {
        Self {
            window,
            beyond_all: beyond_all(),
        }
    }
}

impl Statement for LockBeyond<'_> {
    const SQL: &'static str = concat!(
        include_str!("../sql/lock_beyond.sql"),
        include_str!("../sql/last_kept.sql"),
        include_str!("../sql/lock_beyond_tasks.sql"),
    );
    type Columns = (Text, Text, BigInt, Timestamptz, Text);
    type Id = LockBeyond<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (at, task) = &self.window.covered.last_kept;
        match parameter {
            11 => out.push_bind_param::<Nullable<Timestamptz>, _>(at),
            12 => out.push_bind_param::<Nullable<Text>, _>(task),
            13 => out.push_bind_param::<Text, _>(&self.beyond_all),
            other => self.window.bind(other, out),
        }
    }
}

/// `last_kept_of_user.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct LastKeptOfUser<'e> {
    pub(in crate::task_history) covered: &'e Covered,
    pub(in crate::task_history) user: &'e str,
}

impl Statement for LastKeptOfUser<'_> {
    const SQL: &'static str = concat!(
        include_str!("../sql/last_kept_of_user.sql"),
        include_str!("../sql/last_kept.sql"),
        "AS last_kept",
    );
    type Columns = (Timestamptz, Text);
    type Id = LastKeptOfUser<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            other => self.covered.bind(other, out),
        }
    }
}

/// `remove.sql`.
#[derive(Debug)]
pub(in crate::task_history) struct Remove<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
}

impl<'e> Remove<'e> {
    /// Removes tasks, given by user and task id.
    pub(in crate::task_history) fn of(tasks: impl IntoIterator<Item = (&'e str, &'e str)>) -> Self {
        let (users, tasks) = tasks.into_iter().unzip();
        Self { users, tasks }
    }
}

impl Statement for Remove<'_> {
    const SQL: &'static str = include_str!("../sql/remove.sql");
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
