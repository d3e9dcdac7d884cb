//! Statements that lock and write agents, and their parameters.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::agent::Agent;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::{Statement, unbound};
use uuid::Uuid;

use crate::jsonb_result::SentDocument;
use crate::orchestration::agents::row::{DescriptionColumns, PresenceColumns};

/// `lock_agents.sql`.
#[derive(Debug)]
pub(super) struct LockAgents<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
    lock_timeout: Option<String>,
}

impl<'e> LockAgents<'e> {
    pub(super) fn of(user: &'e UserId, agents: &BTreeSet<&'e AgentId>, wait: LockWait) -> Self {
        Self {
            user: user.as_str(),
            agents: agents.iter().map(|agent| agent.as_str()).collect(),
            lock_timeout: wait.setting(),
        }
    }
}

impl Statement for LockAgents<'_> {
    const SQL: &'static str = include_str!("../../sql/lock_agents.sql");
    type Columns = DescriptionColumns;
    type Id = LockAgents<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            3 => out.push_bind_param::<Nullable<Text>, _>(&self.lock_timeout),
            other => unbound(other),
        }
    }
}

/// `lock_presences.sql`.
#[derive(Debug)]
pub(super) struct LockPresences<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
}

impl<'e> LockPresences<'e> {
    pub(super) fn of(user: &'e UserId, agents: Vec<&'e str>) -> Self {
        let user = user.as_str();
        Self { user, agents }
    }
}

impl Statement for LockPresences<'_> {
    const SQL: &'static str = include_str!("../../sql/lock_presences.sql");
    type Columns = (Text, PresenceColumns);
    type Id = LockPresences<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            other => unbound(other),
        }
    }
}

/// `write_agents.sql`, with one array parameter for each column.
#[derive(Debug, Default)]
pub(super) struct WriteAgents<'e> {
    user: &'e str,
    agents: Vec<&'e str>,
    types: Vec<&'e str>,
    names: Vec<&'e str>,
    capabilities: Vec<SentDocument<'e>>,
    metadata: Vec<SentDocument<'e>>,
    registered: Vec<DateTime<Utc>>,
    updated: Vec<DateTime<Utc>>,
    versions: Vec<i64>,
    instances: Vec<Uuid>,
    states: Vec<&'static str>,
    capacities: Vec<i32>,
    leases: Vec<i32>,
    heartbeats: Vec<DateTime<Utc>>,
    lease_ends: Vec<DateTime<Utc>>,
    are_new: Vec<bool>,
}

impl<'e> WriteAgents<'e> {
    /// Each with whether it is new.
    pub(super) fn of(user: &'e UserId, agents: &[(&'e Agent, bool)]) -> Self {
        let mut write = Self {
            user: user.as_str(),
            ..Self::default()
        };
        for (agent, is_new) in agents {
            let description = &agent.description;
            write.agents.push(agent.key.agent.as_str());
            write.types.push(description.agent_type.as_str());
            write.names.push(description.name.as_str());
            write
                .capabilities
                .push(SentDocument(&description.capabilities));
            write.metadata.push(SentDocument(&description.metadata));
            write.registered.push(agent.registered_at.to_datetime());
            write.updated.push(agent.updated_at.to_datetime());
            write.versions.push(agent.version.get());
            write.instances.push(agent.presence.instance.as_uuid());
            write.states.push(agent.state.as_str());
            write.capacities.push(description.capacity.get().into());
            write.leases.push(description.lease.get());
            write
                .heartbeats
                .push(agent.presence.heartbeat_at.to_datetime());
            write
                .lease_ends
                .push(agent.presence.lease_until.to_datetime());
            write.are_new.push(*is_new);
        }
        write
    }
}

impl Statement for WriteAgents<'_> {
    const SQL: &'static str = include_str!("../../sql/write_agents.sql");
    type Columns = BigInt;
    type Id = WriteAgents<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Array<Text>, _>(&self.agents),
            3 => out.push_bind_param::<Array<Text>, _>(&self.types),
            4 => out.push_bind_param::<Array<Text>, _>(&self.names),
            5 => out.push_bind_param::<Array<Jsonb>, _>(&self.capabilities),
            6 => out.push_bind_param::<Array<Jsonb>, _>(&self.metadata),
            7 => out.push_bind_param::<Array<Timestamptz>, _>(&self.registered),
            8 => out.push_bind_param::<Array<Timestamptz>, _>(&self.updated),
            9 => out.push_bind_param::<Array<BigInt>, _>(&self.versions),
            10 => out.push_bind_param::<Array<SqlUuid>, _>(&self.instances),
            11 => out.push_bind_param::<Array<Text>, _>(&self.states),
            12 => out.push_bind_param::<Array<Integer>, _>(&self.capacities),
            13 => out.push_bind_param::<Array<Integer>, _>(&self.leases),
            14 => out.push_bind_param::<Array<Timestamptz>, _>(&self.heartbeats),
            15 => out.push_bind_param::<Array<Timestamptz>, _>(&self.lease_ends),
            16 => out.push_bind_param::<Array<Bool>, _>(&self.are_new),
            other => unbound(other),
        }
    }
}
