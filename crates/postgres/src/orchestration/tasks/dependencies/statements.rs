//! Statements on dependencies, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::task::{Dependency, When};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{TaskId, TaskKey};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};

/// `lock_graph.sql`.
#[derive(Debug)]
pub(super) struct LockGraph<'e> {
    user: &'e str,
    lock_timeout: Option<String>,
}

impl<'e> LockGraph<'e> {
    pub(super) fn of(key: &'e TaskKey, wait: LockWait) -> Self {
        let (user, lock_timeout) = (key.user.as_str(), wait.setting());
        Self { user, lock_timeout }
    }
}

impl Statement for LockGraph<'_> {
    const SQL: &'static str = include_str!("../../sql/lock_graph.sql");
    type Columns = ();
    type Id = LockGraph<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `dependencies_of.sql`.
#[derive(Debug)]
pub(super) struct DependenciesOf<'e>(pub(super) &'e TaskKey);

impl Statement for DependenciesOf<'_> {
    const SQL: &'static str = include_str!("../../sql/dependencies_of.sql");
    type Columns = (Text, Text);
    type Id = DependenciesOf<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.0.task.as_str()),
            other => unbound(other),
        }
    }
}

/// `prerequisites_of_all.sql`.
#[derive(Debug)]
pub(super) struct PrerequisitesOfAll<'e> {
    user: &'e str,
    starts: Vec<&'e str>,
    limit: i64,
}

impl<'e> PrerequisitesOfAll<'e> {
    pub(super) fn of(key: &'e TaskKey, added: &'e [Dependency], limit: i64) -> Self {
        let (user, starts) = (key.user.as_str(), prerequisites(added));
        Self {
            user,
            starts,
            limit,
        }
    }
}

impl Statement for PrerequisitesOfAll<'_> {
    const SQL: &'static str = include_str!("../../sql/prerequisites_of_all.sql");
    type Columns = (Text, Array<Text>);
    type Id = PrerequisitesOfAll<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.starts),
            3 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => unbound(other),
        }
    }
}

/// `add_dependencies.sql`.
#[derive(Debug)]
pub(super) struct AddDependencies<'e> {
    key: &'e TaskKey,
    prerequisites: Vec<&'e str>,
    waits_for: Vec<&'static str>,
    after: After,
}

impl<'e> AddDependencies<'e> {
    pub(super) fn of(
        key: &'e TaskKey,
        added: &'e [Dependency],
        state: TaskState,
        open: u32,
        at: Timestamp,
    ) -> Self {
        Self {
            key,
            prerequisites: prerequisites(added),
            waits_for: added.iter().map(|edge| When::as_str(edge.when)).collect(),
            after: After::of(state, open, at),
        }
    }
}

impl Statement for AddDependencies<'_> {
    const SQL: &'static str = include_str!("../../sql/add_dependencies.sql");
    type Columns = ();
    type Id = AddDependencies<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.key.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.key.task.as_str()),
            3 => out.push_bind_param::<Array<Text>, _>(&self.prerequisites),
            4 => out.push_bind_param::<Text, _>(self.after.state),
            5 => out.push_bind_param::<Integer, _>(&self.after.open_dependencies),
            6 => out.push_bind_param::<Timestamptz, _>(&self.after.at),
            7 => out.push_bind_param::<Array<Text>, _>(&self.waits_for),
            other => unbound(other),
        }
    }
}

/// `remove_dependencies.sql`.
#[derive(Debug)]
pub(super) struct RemoveDependencies<'e> {
    key: &'e TaskKey,
    prerequisites: Vec<&'e str>,
    after: After,
}

impl<'e> RemoveDependencies<'e> {
    pub(super) fn of(
        key: &'e TaskKey,
        removed: impl Iterator<Item = &'e TaskId>,
        state: TaskState,
        open: u32,
        at: Timestamp,
    ) -> Self {
        Self {
            key,
            prerequisites: removed.map(TaskId::as_str).collect(),
            after: After::of(state, open, at),
        }
    }
}

impl Statement for RemoveDependencies<'_> {
    const SQL: &'static str = include_str!("../../sql/remove_dependencies.sql");
    type Columns = ();
    type Id = RemoveDependencies<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.key.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.key.task.as_str()),
            3 => out.push_bind_param::<Array<Text>, _>(&self.prerequisites),
            4 => out.push_bind_param::<Text, _>(self.after.state),
            5 => out.push_bind_param::<Integer, _>(&self.after.open_dependencies),
            6 => out.push_bind_param::<Timestamptz, _>(&self.after.at),
            other => unbound(other),
        }
    }
}

/// What a task is after its dependencies were changed.
#[derive(Debug)]
struct After {
    state: &'static str,
    open_dependencies: i32,
    at: DateTime<Utc>,
}

impl After {
    fn of(state: TaskState, open: u32, at: Timestamp) -> Self {
        Self {
            state: state.as_str(),
            open_dependencies: i32::try_from(open).unwrap_or(i32::MAX),
            at: at.to_datetime(),
        }
    }
}

fn prerequisites(added: &[Dependency]) -> Vec<&str> {
    added
        .iter()
        .map(|edge| edge.prerequisite.as_str())
        .collect()
}
