//! Statements of a save, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::task_history::HistoryEntry;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use crate::jsonb_result::SentResult;

/// `save.sql`, with one array parameter per column.
#[derive(Debug, Default)]
pub(in crate::task_history) struct Save<'e> {
    users: Vec<&'e str>,
    tasks: Vec<&'e str>,
    steps: Vec<i32>,
    ids: Vec<Uuid>,
    times: Vec<DateTime<Utc>>,
    statuses: Vec<&'static str>,
    error_codes: Vec<Option<&'e str>>,
    results: Vec<SentResult<'e>>,
    lock_timeout: Option<String>,
}

impl<'e> Save<'e> {
    pub(in crate::task_history) fn of(entries: &[&'e HistoryEntry], wait: LockWait) -> Self {
        let mut save = Self {
            lock_timeout: wait.setting(),
            ..Self::default()
        };
        for entry in entries {
            let step_result = &entry.step_result;
            save.users.push(entry.task.user.as_str());
            save.tasks.push(entry.task.task.as_str());
            save.steps.push(entry.step.get());
            save.ids.push(entry.id.as_uuid());
            save.times.push(entry.recorded_at.to_datetime());
            save.statuses.push(step_result.status().as_str());
            save.error_codes
                .push(step_result.error_code().map(AsRef::as_ref));
            save.results.push(SentResult(step_result));
        }
        save
    }
}

impl Statement for Save<'_> {
    const SQL: &'static str = include_str!("../sql/save.sql");
    type Columns = (Text, SqlUuid, Text);
    type Id = Save<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            3 => out.push_bind_param::<Array<Integer>, _>(&self.steps),
            4 => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            5 => out.push_bind_param::<Array<Timestamptz>, _>(&self.times),
            6 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            7 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.error_codes),
            8 => out.push_bind_param::<Array<Jsonb>, _>(&self.results),
            9 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `saved.sql`, which reads entries that already existed, by id.
#[derive(Debug)]
pub(in crate::task_history) struct Saved<'e> {
    users: Vec<&'e str>,
    ids: Vec<Uuid>,
}

impl<'e> Saved<'e> {
    pub(in crate::task_history) fn of(entries: &[&'e HistoryEntry]) -> Self {
        Self {
            users: entries
                .iter()
                .map(|entry| entry.task.user.as_str())
                .collect(),
            ids: entries.iter().map(|entry| entry.id.as_uuid()).collect(),
        }
    }
}

impl Statement for Saved<'_> {
    const SQL: &'static str = include_str!("../sql/saved.sql");
    type Columns = (Text, SqlUuid, Text, Integer, Timestamptz, Jsonb, Text);
    type Id = Saved<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            other => unbound(other),
        }
    }
}
