use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz};
use tasktrail_domain::task_history::TaskStatus;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use super::super::count::UserRange;
use super::ExportSelection;
use crate::jsonb_result::MeasuredResult;

/// User, task, status and time of the finish, and number of entries.
pub(super) type TaskRow = (String, String, Option<String>, Option<DateTime<Utc>>, i64);

/// Position of the task among the requested ones, from 1, and the columns of an entry.
pub(super) type EntryRow = (i64, i32, Uuid, DateTime<Utc>, MeasuredResult);

/// The tasks that remain to be exported.
#[derive(Debug)]
pub(super) struct Selected {
    /// The last task that was exported.
    pub(super) after: (String, String),
    last_user: String,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    statuses: Vec<&'static str>,
}

impl Selected {
    pub(super) fn of(selection: &ExportSelection) -> Self {
        let users = UserRange::of(&selection.scope);
        Self {
            after: (users.first, String::new()),
            last_user: users.last,
            since: selection.since.unwrap_or(Timestamp::MIN).to_datetime(),
            until: selection.until.map(Timestamp::to_datetime),
            statuses: selection.statuses.iter().map(TaskStatus::as_str).collect(),
        }
    }

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(&self.after.0),
            2 => out.push_bind_param::<Text, _>(&self.after.1),
            3 => out.push_bind_param::<Text, _>(&self.last_user),
            4 => out.push_bind_param::<Timestamptz, _>(&self.since),
            5 => out.push_bind_param::<Nullable<Timestamptz>, _>(&self.until),
            6 => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            other => unbound(other),
        }
    }
}

/// `export_totals.sql`.
#[derive(Debug)]
pub(super) struct SelectTotals<'s>(pub(super) &'s Selected);

impl Statement for SelectTotals<'_> {
    const SQL: &'static str = include_str!("../sql/export_totals.sql");
    type Columns = (BigInt, BigInt, BigInt);
    type Id = SelectTotals<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.bind(parameter, out)
    }
}

/// `export_tasks.sql`.
#[derive(Debug)]
pub(super) struct SelectTasks<'s> {
    pub(super) selected: &'s Selected,
    pub(super) limit: i64,
}

impl Statement for SelectTasks<'_> {
    const SQL: &'static str = include_str!("../sql/export_tasks.sql");
    type Columns = (Text, Text, Nullable<Text>, Nullable<Timestamptz>, BigInt);
    type Id = SelectTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            7 => out.push_bind_param::<BigInt, _>(&self.limit),
            other => self.selected.bind(other, out),
        }
    }
}

/// `export_entries.sql`.
#[derive(Debug)]
pub(super) struct SelectEntries {
    users: Vec<String>,
    tasks: Vec<String>,
}

impl SelectEntries {
    pub(super) fn of<'k>(keys: impl Iterator<Item = &'k (String, String)>) -> Self {
        let (users, tasks) = keys.cloned().unzip();
        Self { users, tasks }
    }
}

impl Statement for SelectEntries {
    const SQL: &'static str = include_str!("../sql/export_entries.sql");
    type Columns = (BigInt, Integer, diesel::sql_types::Uuid, Timestamptz, Jsonb);
    type Id = Self;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Array<Text>, _>(&self.users),
            2 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
