//! Converts columns of the tables of agents to values of the domain.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Integer, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use tasktrail_domain::orchestration::agent::{
    Agent, AgentDescription, AgentName, AgentType, Capacity, Lease, Presence, Registration,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AgentState, Instance, Version};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{InvalidValue, UserId};
use tasktrail_postgres_client::error::StoreError;
use uuid::Uuid;

use crate::error::corrupt;
use crate::jsonb_result::StoredDocument;

/// Columns of `agent`: id, type, name, capabilities, metadata, first registration, last change and
/// version.
pub(super) type DescriptionColumns = (
    Text,
    Text,
    Text,
    Jsonb,
    Jsonb,
    Timestamptz,
    Timestamptz,
    BigInt,
);
pub(super) type DescriptionRow = (
    String,
    String,
    String,
    StoredDocument,
    StoredDocument,
    DateTime<Utc>,
    DateTime<Utc>,
    i64,
);

/// Columns of `agent_presence`: instance, state, capacity, lease, open executions, heartbeat and the
/// end of the lease.
pub(super) type PresenceColumns = (
    SqlUuid,
    Text,
    Integer,
    Integer,
    Integer,
    Timestamptz,
    Timestamptz,
);
pub(super) type PresenceRow = (Uuid, String, i32, i32, i32, DateTime<Utc>, DateTime<Utc>);

/// Converts the rows of an agent.
pub(super) fn agent(
    user: &UserId,
    description: DescriptionRow,
    presence: PresenceRow,
) -> Result<Agent, StoreError> {
    let (id, agent_type, name, capabilities, metadata, registered_at, updated_at, version) =
        description;
    let key = agent_key(user, id)?;
    let of = |column| refused("agent", column, &key);
    let (instance, state, capacity, lease, open_executions, heartbeat_at, lease_until) = presence;
    let in_presence = |column| refused("agent_presence", column, &key);
    let instance = instance_of(&key, instance)?;

    let agent_type = AgentType::new(agent_type).map_err(of("agent_type"))?;
    let name = AgentName::new(name).map_err(of("name"))?;
    let description = AgentDescription::new(agent_type, name)
        .with_capabilities(capabilities.0.map_err(of("capabilities"))?)
        .with_metadata(metadata.0.map_err(of("metadata"))?)
        .with_capacity(Capacity::new(capacity.into()).map_err(in_presence("capacity"))?)
        .with_lease(Lease::new(lease.into()).map_err(in_presence("lease"))?);
    let registered_at = Timestamp::from_datetime(registered_at).map_err(of("registered_at"))?;
    let registration = Registration::new(key.clone(), instance, description);
    let mut agent = Agent::registered(&registration, registered_at);
    agent.state = state_of(&key, &state)?;
    agent.updated_at = Timestamp::from_datetime(updated_at).map_err(of("updated_at"))?;
    agent.version = Version::new(version).map_err(of("version"))?;
    agent.presence = Presence::new(
        instance,
        Timestamp::from_datetime(heartbeat_at).map_err(in_presence("heartbeat_at"))?,
        lease_until_of(&key, lease_until)?,
        open_executions.unsigned_abs(),
    );
    Ok(agent)
}

/// Converts the id of an agent of a known owner.
pub(super) fn agent_key(user: &UserId, id: String) -> Result<AgentKey, StoreError> {
    let key = format!("{user}/{id}");
    let agent = AgentId::new(id).map_err(refused("agent", "agent_id", key))?;
    let user = user.clone();
    Ok(AgentKey { user, agent })
}

/// Converts the instance of an agent.
pub(super) fn instance_of(key: &AgentKey, instance: Uuid) -> Result<Instance, StoreError> {
    Instance::try_from(instance).map_err(refused("agent_presence", "instance", key))
}

/// Converts the state of an agent.
pub(super) fn state_of(key: &AgentKey, state: &str) -> Result<AgentState, StoreError> {
    state
        .parse()
        .map_err(refused("agent_presence", "state", key))
}

/// Converts the end of the lease of an agent.
pub(super) fn lease_until_of(key: &AgentKey, at: DateTime<Utc>) -> Result<Timestamp, StoreError> {
    Timestamp::from_datetime(at).map_err(refused("agent_presence", "lease_until", key))
}

fn refused(
    table: &'static str,
    column: &'static str,
    key: impl Display,
) -> impl FnOnce(InvalidValue) -> StoreError {
    move |source| corrupt(table, column, key, source)
}
