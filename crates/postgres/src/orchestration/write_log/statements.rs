//! Statements of the audit log, and their parameters.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::write::{Note, WriteContext, WriteId};
use tasktrail_domain::{JsonText, UserId};
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use crate::jsonb_result::SentJson;

/// `replayed.sql`.
#[derive(Debug)]
pub(super) struct Replayed<'e> {
    user: &'e str,
    id: Uuid,
}

impl<'e> Replayed<'e> {
    pub(super) fn of(user: &'e UserId, id: WriteId) -> Self {
        let (user, id) = (user.as_str(), id.as_uuid());
        Self { user, id }
    }
}

impl Statement for Replayed<'_> {
    const SQL: &'static str = include_str!("../sql/replayed.sql");
    type Columns = (Text, Text, Text, Nullable<Jsonb>, Nullable<Jsonb>);
    type Id = Replayed<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<SqlUuid, _>(&self.id),
            other => unbound(other),
        }
    }
}

/// `record.sql`, with one array parameter for each column that differs among the entries.
#[derive(Debug)]
pub(super) struct Record<'e> {
    user: &'e str,
    id: Uuid,
    first_ordinal: i32,
    at: DateTime<Utc>,
    actor: String,
    note: Option<&'e str>,
    answer: Option<SentJson<'e>>,
    actions: Vec<&'e str>,
    entities: Vec<&'static str>,
    entity_ids: Vec<&'e str>,
    before: Vec<Option<SentJson<'e>>>,
    after: Vec<Option<SentJson<'e>>>,
}

impl<'e> Record<'e> {
    pub(super) fn of(
        context: &'e WriteContext,
        user: &'e UserId,
        first_ordinal: i32,
        changes: &'e [Change],
        answer: Option<&'e JsonText>,
    ) -> Self {
        let each = || changes.iter();
        Self {
            user: user.as_str(),
            id: context.id.as_uuid(),
            first_ordinal,
            at: context.at.to_datetime(),
            actor: context.actor.to_string(),
            note: context.note.as_ref().map(Note::as_str),
            answer: answer.map(SentJson),
            actions: each().map(|change| change.action.as_str()).collect(),
            entities: each().map(|change| change.entity.as_str()).collect(),
            entity_ids: each().map(|change| change.entity_id.as_str()).collect(),
            before: each()
                .map(|change| change.before.as_ref().map(SentJson))
                .collect(),
            after: each()
                .map(|change| change.after.as_ref().map(SentJson))
                .collect(),
        }
    }
}

impl Statement for Record<'_> {
    const SQL: &'static str = include_str!("../sql/record.sql");
    type Columns = ();
    type Id = Record<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<SqlUuid, _>(&self.id),
            3 => out.push_bind_param::<Integer, _>(&self.first_ordinal),
            4 => out.push_bind_param::<Timestamptz, _>(&self.at),
            5 => out.push_bind_param::<Text, _>(&self.actor),
            6 => out.push_bind_param::<Nullable<Text>, _>(&self.note),
            7 => out.push_bind_param::<Nullable<Jsonb>, _>(&self.answer),
            8 => out.push_bind_param::<Array<Text>, _>(&self.actions),
            9 => out.push_bind_param::<Array<Text>, _>(&self.entities),
            10 => out.push_bind_param::<Array<Text>, _>(&self.entity_ids),
            11 => out.push_bind_param::<Array<Nullable<Jsonb>>, _>(&self.before),
            12 => out.push_bind_param::<Array<Nullable<Jsonb>>, _>(&self.after),
            other => unbound(other),
        }
    }
}
