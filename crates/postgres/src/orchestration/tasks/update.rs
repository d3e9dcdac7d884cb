//! Changes the definitions of tasks.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Integer, Jsonb, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::audit::{Action, Change, EntityKind};
use tasktrail_domain::orchestration::task::{TaskChange, TaskChanges, TaskDefinition};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{JsonText, TaskKey};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::answered::record_answered;
use super::get::get;
use super::locking::lock_task;
use crate::jsonb_result::{SentDocument, SentJson};
use crate::orchestration::write_log::replayed;

/// Changes the definition of a task that has not ended.
pub(super) async fn update(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    changes: &TaskChanges,
    wait: LockWait,
) -> Result<TaskChange, StoreError> {
    connection
        .transaction(async |connection| {
            let locked = lock_task(connection, key, wait).await?;
            if let Some(replay) = replayed(connection, &key.user, context.id).await? {
                replay.check(&[Action::TASK_UPDATED], EntityKind::Task, key.task.as_str())?;
                return replay.answer();
            }
            let Some(locked) = locked else {
                return Ok(TaskChange::Unknown);
            };
            let state = locked.state;
            if state.is_ended() {
                return Ok(TaskChange::AlreadyEnded { state });
            }
            update_locked(connection, context, key, changes).await
        })
        .await
}

async fn update_locked(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    key: &TaskKey,
    changes: &TaskChanges,
) -> Result<TaskChange, StoreError> {
    let task = get(connection, key).await?;
    let task = task.ok_or(StoreError::ConcurrentlyRemoved)?;
    let version = task.version;
    if changes.expected.is_some_and(|expected| expected != version) {
        return Ok(TaskChange::Stale { version });
    }
    let before = task.definition;
    let after = changed(&before, changes);
    let entity = key.task.clone().into();
    let Some(change) = Change::updated(EntityKind::Task, entity, &before, &after) else {
        return Ok(TaskChange::Changed { version });
    };
    // Never fails: a set of texts is valid JSON.
    let tags = JsonText::of(&after.tags).unwrap_or_default();
    let statement = Prepared(UpdateTask {
        task: key,
        definition: &after,
        tags: SentJson(&tags),
        requirements: SentDocument(&after.requirements),
        context: SentDocument(&after.context),
        priority: after.priority.get().into(),
        max_attempts: after.max_attempts.get().into(),
        at: context.at.to_datetime(),
    });
    statement.execute(connection).await?;
    let outcome = TaskChange::Changed {
        version: version.next(),
    };
    record_answered(connection, context, &key.user, &[change], &outcome).await?;
    Ok(outcome)
}

fn changed(before: &TaskDefinition, changes: &TaskChanges) -> TaskDefinition {
    let mut after = before.clone();
    replace(&mut after.title, changes.title.as_ref());
    replace(&mut after.description, changes.description.as_ref());
    replace(&mut after.tags, changes.tags.as_ref());
    replace(&mut after.requirements, changes.requirements.as_ref());
    replace(&mut after.context, changes.context.as_ref());
    replace(&mut after.priority, changes.priority.as_ref());
    replace(&mut after.max_attempts, changes.max_attempts.as_ref());
    after
}

fn replace<T: Clone>(value: &mut T, new: Option<&T>) {
    if let Some(new) = new {
        value.clone_from(new);
    }
}

/// `update_task.sql`.
#[derive(Debug)]
struct UpdateTask<'e> {
    task: &'e TaskKey,
    definition: &'e TaskDefinition,
    tags: SentJson<'e>,
    requirements: SentDocument<'e>,
    context: SentDocument<'e>,
    priority: i32,
    max_attempts: i32,
    at: DateTime<Utc>,
}

impl Statement for UpdateTask<'_> {
    const SQL: &'static str = include_str!("../sql/update_task.sql");
    type Columns = ();
    type Id = UpdateTask<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let new = self.definition;
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.task.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.task.task.as_str()),
            3 => out.push_bind_param::<Text, _>(new.title.as_str()),
            4 => out.push_bind_param::<Text, _>(new.description.as_str()),
            5 => out.push_bind_param::<Jsonb, _>(&self.tags),
            6 => out.push_bind_param::<Jsonb, _>(&self.requirements),
            7 => out.push_bind_param::<Jsonb, _>(&self.context),
            8 => out.push_bind_param::<Integer, _>(&self.priority),
            9 => out.push_bind_param::<Integer, _>(&self.max_attempts),
            10 => out.push_bind_param::<Timestamptz, _>(&self.at),
            other => unbound(other),
        }
    }
}
