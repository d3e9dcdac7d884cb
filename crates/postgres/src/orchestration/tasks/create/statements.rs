//! Statements of a creation, and their parameters.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{
    Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use tasktrail_domain::orchestration::task::{NewTask, TaskDefinition, TaskPlan, TimeLimit};
use tasktrail_domain::write::{Note, WriteContext};
use tasktrail_domain::{TaskId, UserId};
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use super::known::KnownColumns;
use super::planned::Planned;
use crate::jsonb_result::{SentDocument, SentJson};

/// `create_tasks.sql`, with one array parameter for each column.
#[derive(Debug)]
pub(in crate::orchestration) struct CreateTasks<'e> {
    user: &'e str,
    write: Uuid,
    at: DateTime<Utc>,
    actor: String,
    note: Option<&'e str>,
    progress: Progress<'e>,
    texts: Texts<'e>,
    dependencies: [Vec<&'e str>; 3],
    queues: (Vec<i64>, Vec<SentDocument<'e>>),
    external: (Vec<&'e str>, Vec<i32>),
    lock_timeout: Option<String>,
}

/// How the tasks begin.
#[derive(Debug)]
struct Progress<'e> {
    tasks: Vec<&'e str>,
    queues: Vec<i64>,
    priorities: Vec<i32>,
    max_attempts: Vec<i32>,
    time_limits: Vec<Option<i32>>,
    fingerprints: Vec<Uuid>,
    states: Vec<&'static str>,
    open_dependencies: Vec<i32>,
    dependants: Vec<i32>,
}

/// What the tasks are.
#[derive(Debug)]
struct Texts<'e> {
    parents: Vec<Option<&'e str>>,
    titles: Vec<&'e str>,
    descriptions: Vec<&'e str>,
    tags: Vec<SentJson<'e>>,
    requirements: Vec<SentDocument<'e>>,
    required_capabilities: Vec<SentDocument<'e>>,
    contexts: Vec<SentDocument<'e>>,
}

impl<'e> CreateTasks<'e> {
    pub(super) fn of(
        context: &'e WriteContext,
        user: &'e UserId,
        plan: &'e TaskPlan,
        planned: &'e Planned<'_>,
        wait: LockWait,
    ) -> Self {
        let tasks = plan.tasks();
        let external = planned.external.iter();
        Self {
            user: user.as_str(),
            write: context.id.as_uuid(),
            at: context.at.to_datetime(),
            actor: context.actor.to_string(),
            note: context.note.as_ref().map(Note::as_str),
            progress: Progress::of(tasks, planned),
            texts: Texts::of(tasks, planned),
            dependencies: dependencies(tasks),
            queues: queues(tasks).into_iter().unzip(),
            external: external
                .map(|(task, count)| (task.as_str(), number(*count)))
                .unzip(),
            lock_timeout: wait.setting(),
        }
    }
}

impl<'e> Progress<'e> {
    fn of(tasks: &'e [NewTask], planned: &Planned<'_>) -> Self {
        let definitions = || tasks.iter().map(|task| &task.definition);
        let numbers = |counts: &[u32]| counts.iter().copied().map(number).collect();
        Self {
            tasks: tasks.iter().map(|task| task.task.as_str()).collect(),
            queues: definitions().map(TaskDefinition::queue).collect(),
            priorities: definitions()
                .map(|task| i32::from(task.priority.get()))
                .collect(),
            max_attempts: definitions()
                .map(|task| i32::from(task.max_attempts.get()))
                .collect(),
            time_limits: definitions()
                .map(|task| task.time_limit.map(TimeLimit::get))
                .collect(),
            fingerprints: tasks.iter().map(NewTask::fingerprint).collect(),
            states: planned.states.iter().map(|state| state.as_str()).collect(),
            open_dependencies: numbers(&planned.open_dependencies),
            dependants: numbers(&planned.dependants),
        }
    }
}

impl<'e> Texts<'e> {
    fn of(tasks: &'e [NewTask], planned: &'e Planned<'_>) -> Self {
        let definitions = || tasks.iter().map(|task| &task.definition);
        Self {
            parents: definitions()
                .map(|task| task.parent.as_ref().map(TaskId::as_str))
                .collect(),
            titles: definitions().map(|task| task.title.as_str()).collect(),
            descriptions: definitions()
                .map(|task| task.description.as_str())
                .collect(),
            tags: planned.tags.iter().map(SentJson).collect(),
            requirements: definitions()
                .map(|task| SentDocument(&task.requirements))
                .collect(),
            required_capabilities: definitions()
                .map(|task| SentDocument(&task.required_capabilities))
                .collect(),
            contexts: definitions()
                .map(|task| SentDocument(&task.context))
                .collect(),
        }
    }
}

/// Tasks, their prerequisites, and what they wait for.
fn dependencies(tasks: &[NewTask]) -> [Vec<&str>; 3] {
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    for task in tasks {
        for edge in &task.dependencies {
            let row = [
                task.task.as_str(),
                edge.prerequisite.as_str(),
                edge.when.as_str(),
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
    }
    columns
}

/// The queues of the tasks, in ascending order, in which all creations add them.
fn queues(tasks: &[NewTask]) -> BTreeMap<i64, SentDocument<'_>> {
    let definitions = tasks.iter().map(|task| &task.definition);
    let queue = definitions.map(|task| (task.queue(), SentDocument(&task.required_capabilities)));
    queue.collect()
}

/// A count, which is at most that of all dependencies of a plan.
fn number(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl Statement for CreateTasks<'_> {
    const SQL: &'static str = include_str!("../../sql/create_tasks.sql");
    type Columns = KnownColumns;
    type Id = CreateTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let [tasks, prerequisites, waits_for] = &self.dependencies;
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<SqlUuid, _>(&self.write),
            3 => out.push_bind_param::<Timestamptz, _>(&self.at),
            4 => out.push_bind_param::<Text, _>(&self.actor),
            5 => out.push_bind_param::<Nullable<Text>, _>(&self.note),
            6..=14 => self.progress.bind(parameter, out),
            15..=21 => self.texts.bind(parameter, out),
            22 => out.push_bind_param::<Array<Text>, _>(tasks),
            23 => out.push_bind_param::<Array<Text>, _>(prerequisites),
            24 => out.push_bind_param::<Array<Text>, _>(waits_for),
            25 => out.push_bind_param::<Array<BigInt>, _>(&self.queues.0),
            26 => out.push_bind_param::<Array<Jsonb>, _>(&self.queues.1),
            27 => out.push_bind_param::<Array<Text>, _>(&self.external.0),
            28 => out.push_bind_param::<Array<Integer>, _>(&self.external.1),
            29 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

impl Progress<'_> {
    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            6 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            7 => out.push_bind_param::<Array<BigInt>, _>(&self.queues),
            8 => out.push_bind_param::<Array<Integer>, _>(&self.priorities),
            9 => out.push_bind_param::<Array<Integer>, _>(&self.max_attempts),
            10 => out.push_bind_param::<Array<Nullable<Integer>>, _>(&self.time_limits),
            11 => out.push_bind_param::<Array<SqlUuid>, _>(&self.fingerprints),
            12 => out.push_bind_param::<Array<Text>, _>(&self.states),
            13 => out.push_bind_param::<Array<Integer>, _>(&self.open_dependencies),
            14 => out.push_bind_param::<Array<Integer>, _>(&self.dependants),
            other => unbound(other),
        }
    }
}

impl Texts<'_> {
    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            15 => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.parents),
            16 => out.push_bind_param::<Array<Text>, _>(&self.titles),
            17 => out.push_bind_param::<Array<Text>, _>(&self.descriptions),
            18 => out.push_bind_param::<Array<Jsonb>, _>(&self.tags),
            19 => out.push_bind_param::<Array<Jsonb>, _>(&self.requirements),
            20 => out.push_bind_param::<Array<Jsonb>, _>(&self.required_capabilities),
            21 => out.push_bind_param::<Array<Jsonb>, _>(&self.contexts),
            other => unbound(other),
        }
    }
}

/// `known_tasks.sql`.
#[derive(Debug)]
pub(super) struct KnownTasks<'e> {
    user: &'e str,
    write: Uuid,
    tasks: Vec<&'e str>,
}

impl<'e> KnownTasks<'e> {
    pub(super) fn of(context: &WriteContext, user: &'e UserId, plan: &'e TaskPlan) -> Self {
        let tasks = plan.tasks().iter().map(|task| task.task.as_str());
        Self {
            user: user.as_str(),
            write: context.id.as_uuid(),
            tasks: tasks.collect(),
        }
    }
}

impl Statement for KnownTasks<'_> {
    const SQL: &'static str = include_str!("../../sql/known_tasks.sql");
    type Columns = KnownColumns;
    type Id = KnownTasks<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<SqlUuid, _>(&self.write),
            3 => out.push_bind_param::<Array<Text>, _>(&self.tasks),
            other => unbound(other),
        }
    }
}
