//! Registrations: one statement in the usual case.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{
    BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::JsonText;
use tasktrail_domain::orchestration::agent::{AgentDescription, Registered, Registration};
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::{AgentState, Version};
use tasktrail_domain::write::{Note, WriteContext};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};
use uuid::Uuid;

use crate::error::corrupt;
use crate::jsonb_result::{SentDocument, SentJson};

/// Registers an agent. Returns `None`, and changes nothing, in the cases that `register.sql` names.
pub(super) async fn at_once(
    connection: &mut AsyncPgConnection,
    context: &WriteContext,
    registration: &Registration,
    wait: LockWait,
) -> Result<Option<Registered>, StoreError> {
    let fields = Change::registered(None, (registration, AgentState::Active));
    let fields = fields.and_then(|change| change.after).unwrap_or_default();
    let statement = Prepared(Register::of(context, registration, &fields, wait));
    let registered: Option<(bool, i64)> = statement.get_result(connection).await.optional()?;
    let registered = registered.map(|(new, version)| {
        let refused = |source| corrupt("agent", "version", &registration.agent, source);
        let version = Version::new(version).map_err(refused)?;
        Ok(Registered::new(new, version))
    });
    registered.transpose()
}

/// `register.sql`.
#[derive(Debug)]
struct Register<'e> {
    registration: &'e Registration,
    description: &'e AgentDescription,
    id: Uuid,
    instance: Uuid,
    capabilities: SentDocument<'e>,
    metadata: SentDocument<'e>,
    capacity: i32,
    lease: i32,
    at: DateTime<Utc>,
    lease_until: DateTime<Utc>,
    actor: String,
    note: Option<&'e str>,
    fields: SentJson<'e>,
    lock_timeout: Option<String>,
}

impl<'e> Register<'e> {
    fn of(
        context: &'e WriteContext,
        registration: &'e Registration,
        fields: &'e JsonText,
        wait: LockWait,
    ) -> Self {
        let description = &registration.description;
        Self {
            registration,
            description,
            id: context.id.as_uuid(),
            instance: registration.instance.as_uuid(),
            capabilities: SentDocument(&description.capabilities),
            metadata: SentDocument(&description.metadata),
            capacity: description.capacity.get().into(),
            lease: description.lease.get(),
            at: context.at.to_datetime(),
            lease_until: description.lease.until(context.at).to_datetime(),
            actor: context.actor.to_string(),
            note: context.note.as_ref().map(Note::as_str),
            fields: SentJson(fields),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for Register<'_> {
    const SQL: &'static str = include_str!("../sql/register.sql");
    type Columns = (Bool, BigInt);
    type Id = Register<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let agent = &self.registration.agent;
        match parameter {
            1 => out.push_bind_param::<Text, _>(agent.user.as_str()),
            2 => out.push_bind_param::<Text, _>(agent.agent.as_str()),
            3 => out.push_bind_param::<SqlUuid, _>(&self.id),
            4 => out.push_bind_param::<SqlUuid, _>(&self.instance),
            5 => out.push_bind_param::<Text, _>(self.description.agent_type.as_str()),
            6 => out.push_bind_param::<Text, _>(self.description.name.as_str()),
            7 => out.push_bind_param::<Jsonb, _>(&self.capabilities),
            8 => out.push_bind_param::<Jsonb, _>(&self.metadata),
            9 => out.push_bind_param::<Integer, _>(&self.capacity),
            10 => out.push_bind_param::<Integer, _>(&self.lease),
            11 => out.push_bind_param::<Timestamptz, _>(&self.at),
            12 => out.push_bind_param::<Timestamptz, _>(&self.lease_until),
            13 => out.push_bind_param::<Text, _>(&self.actor),
            14 => out.push_bind_param::<Nullable<Text>, _>(&self.note),
            15 => out.push_bind_param::<Jsonb, _>(&self.fields),
            16 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}
