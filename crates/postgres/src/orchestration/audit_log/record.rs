//! Entries of services.

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::Payload;
use tasktrail_domain::orchestration::audit::NewAuditEntry;
use tasktrail_domain::write::{Note, WriteContext};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use crate::jsonb_result::SentJson;
use crate::orchestration::write_log::replayed;

/// Adds an entry. If the write is known, a second query reads what it was.
pub(super) async fn entry(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    entry: &NewAuditEntry,
    wait: LockWait,
) -> Result<(), StoreError> {
    let record = Prepared(RecordEntry::of(context, entry, wait));
    if record.execute(connection).await? > 0 {
        return Ok(());
    }
    // A transaction that does not see what others have committed cannot tell.
    let earlier = replayed(connection, &entry.user, context.id).await?;
    let earlier = earlier.ok_or(StoreError::Overtaken)?;
    let actions = std::slice::from_ref(entry.action.action());
    earlier.check(actions, entry.entity, entry.entity_id.as_str())
}

/// `record_entry.sql`.
#[derive(Debug)]
struct RecordEntry<'e> {
    entry: &'e NewAuditEntry,
    id: Uuid,
    at: DateTime<Utc>,
    actor: String,
    note: Option<&'e str>,
    before: Option<SentJson<'e>>,
    after: Option<SentJson<'e>>,
    lock_timeout: Option<String>,
}

impl<'e> RecordEntry<'e> {
    fn of(context: &'e WriteContext, entry: &'e NewAuditEntry, wait: LockWait) -> Self {
        let json =
            |fields: &'e Option<Payload>| fields.as_ref().map(Payload::as_json).map(SentJson);
        Self {
            entry,
            id: context.id.as_uuid(),
            at: context.at.to_datetime(),
            actor: context.actor.to_string(),
            note: context.note.as_ref().map(Note::as_str),
            before: json(&entry.before),
            after: json(&entry.after),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for RecordEntry<'_> {
    const SQL: &'static str = include_str!("../sql/record_entry.sql");
    type Columns = ();
    type Id = RecordEntry<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.entry.user.as_str()),
            2 => out.push_bind_param::<SqlUuid, _>(&self.id),
            3 => out.push_bind_param::<Timestamptz, _>(&self.at),
            4 => out.push_bind_param::<Text, _>(&self.actor),
            5 => out.push_bind_param::<Nullable<Text>, _>(&self.note),
            6 => out.push_bind_param::<Text, _>(self.entry.action.action().as_str()),
            7 => out.push_bind_param::<Text, _>(self.entry.entity.as_str()),
            8 => out.push_bind_param::<Text, _>(self.entry.entity_id.as_str()),
            9 => out.push_bind_param::<Nullable<Jsonb>, _>(&self.before),
            10 => out.push_bind_param::<Nullable<Jsonb>, _>(&self.after),
            11 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
