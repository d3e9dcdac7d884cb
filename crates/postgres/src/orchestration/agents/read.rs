//! Reads agents: one by its key, and the list.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::sql_types::{BigInt, Bool, Jsonb, Nullable, Text, Timestamptz};
use diesel::{OptionalExtension, QueryResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::orchestration::agent::{Agent, AgentFilter, AgentType};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AgentState};
use tasktrail_domain::repository::{Page, PageRequest};
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::{Document, UserId};
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::statement::{Prepared, Statement, unbound};

use super::row::{self, DescriptionColumns, DescriptionRow, PresenceColumns, PresenceRow};
use crate::jsonb_result::SentDocument;
use crate::page_limit::{one_beyond, page_of};

/// Reads an agent.
pub(super) async fn one(
    connection: &mut AsyncPgConnection,
    agent: &AgentKey,
) -> Result<Option<Agent>, StoreError> {
    let found: Option<(DescriptionRow, PresenceRow)> = Prepared(GetAgent(agent))
        .get_result(connection)
        .await
        .optional()?;
    found
        .map(|(description, presence)| row::agent(&agent.user, description, presence))
        .transpose()
}

/// How many bytes of stored documents a page contains at most, unless the first agent has more.
const PAGE_BYTES: i64 = 512 << 10;

/// Lists agents that match the filter, after the cursor.
pub(super) async fn page(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    filter: &AgentFilter,
    page: &PageRequest<AgentId>,
) -> Result<Page<Agent, AgentId>, StoreError> {
    let Ok(required) = Required::of(filter) else {
        let (items, next) = (Vec::new(), None);
        return Ok(Page { items, next });
    };
    let list = Prepared(ListAgents::of(user, filter, &required, page));
    let rows: Vec<(i64, (DescriptionRow, PresenceRow))> = list.load(connection).await?;
    let agent = |(description, presence)| row::agent(user, description, presence);
    page_of(rows, page.size, agent, |agent: &Agent| {
        agent.key.agent.clone()
    })
}

/// The capabilities that a filter requires.
#[derive(Debug, Default)]
struct Required {
    agent_type: Option<String>,
    others: Option<Document>,
}

/// No agent has the required capabilities.
struct Impossible;

impl Required {
    fn of(filter: &AgentFilter) -> Result<Self, Impossible> {
        let Some(required) = &filter.capabilities else {
            return Ok(Self::default());
        };
        let (agent_type, others) = required.split_member("agent_type");
        let agent_type = agent_type.map(|json| json.deserialize()).transpose();
        Ok(Self {
            agent_type: agent_type.map_err(|_not_a_text| Impossible)?,
            others: Some(others),
        })
    }
}

/// `get_agent.sql`.
#[derive(Debug)]
struct GetAgent<'e>(&'e AgentKey);

impl Statement for GetAgent<'_> {
    const SQL: &'static str = include_str!("../sql/get_agent.sql");
    type Columns = (DescriptionColumns, PresenceColumns);
    type Id = GetAgent<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.0.user.as_str()),
            2 => out.push_bind_param::<Text, _>(self.0.agent.as_str()),
            other => unbound(other),
        }
    }
}

/// `list_agents.sql`.
#[derive(Debug)]
struct ListAgents<'e> {
    user: &'e str,
    /// Agent ids are never empty, so all sort after an empty one.
    after: &'e str,
    agent_type: Option<&'e str>,
    required: &'e Required,
    others: Option<SentDocument<'e>>,
    state: Option<&'static str>,
    online: Option<bool>,
    at: DateTime<Utc>,
    limit: i64,
}

impl<'e> ListAgents<'e> {
    fn of(
        user: &'e UserId,
        filter: &'e AgentFilter,
        required: &'e Required,
        page: &'e PageRequest<AgentId>,
    ) -> Self {
        let (online, at) = filter.online.unzip();
        Self {
            user: user.as_str(),
            after: page.after.as_ref().map_or("", AgentId::as_str),
            agent_type: filter.agent_type.as_ref().map(AgentType::as_str),
            required,
            others: required.others.as_ref().map(SentDocument),
            state: filter.state.map(AgentState::as_str),
            online,
            at: at.unwrap_or(Timestamp::MIN).to_datetime(),
            limit: one_beyond(page.size),
        }
    }
}

impl Statement for ListAgents<'_> {
    const SQL: &'static str = include_str!("../sql/list_agents.sql");
    type Columns = (BigInt, (DescriptionColumns, PresenceColumns));
    type Id = ListAgents<'static>;

    fn bind<'b>(&'b self, parameter: u8, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match parameter {
            1 => out.push_bind_param::<Text, _>(self.user),
            2 => out.push_bind_param::<Text, _>(self.after),
            3 => out.push_bind_param::<Nullable<Text>, _>(&self.agent_type),
            4 => out.push_bind_param::<Nullable<Text>, _>(&self.required.agent_type),
            5 => out.push_bind_param::<Nullable<Jsonb>, _>(&self.others),
            6 => out.push_bind_param::<Nullable<Text>, _>(&self.state),
            7 => out.push_bind_param::<Nullable<Bool>, _>(&self.online),
            8 => out.push_bind_param::<Timestamptz, _>(&self.at),
            9 => out.push_bind_param::<BigInt, _>(&self.limit),
            10 => out.push_bind_param::<BigInt, _>(&PAGE_BYTES),
            other => unbound(other),
        }
    }
}
