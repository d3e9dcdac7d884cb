//! Locks and writes the rows of agents.

mod statements;

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::agent::Agent;
use tasktrail_postgres_client::error::StoreError;
use tasktrail_postgres_client::lock_wait::LockWait;
use tasktrail_postgres_client::statement::Prepared;

use self::statements::{LockAgents, LockPresences, WriteAgents};
use super::row::{self, DescriptionRow, PresenceRow};

/// Locks those of the agents that exist, by ascending id.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    agents: &BTreeSet<&AgentId>,
    wait: LockWait,
) -> Result<Vec<DescriptionRow>, StoreError> {
    let lock = Prepared(LockAgents::of(user, agents, wait));
    Ok(lock.load(connection).await?)
}

/// Locks the presences of locked agents, and returns the agents.
pub(super) async fn lock_presences(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    descriptions: Vec<DescriptionRow>,
) -> Result<BTreeMap<AgentId, Agent>, StoreError> {
    if descriptions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = descriptions.iter().map(|(id, ..)| id.as_str()).collect();
    let lock = Prepared(LockPresences::of(user, ids));
    let presences: Vec<(String, PresenceRow)> = lock.load(connection).await?;
    let mut presences: BTreeMap<_, _> = presences.into_iter().collect();
    let mut agents = BTreeMap::new();
    for description in descriptions {
        // Both rows of an agent are added in one statement.
        let presence = presences
            .remove(&description.0)
            .ok_or(StoreError::Overtaken)?;
        let agent = row::agent(user, description, presence)?;
        agents.insert(agent.key.agent.clone(), agent);
    }
    Ok(agents)
}

/// Writes those of the agents that changed, except for the number of their open executions.
///
/// [`StoreError::Overtaken`] if another call has added one of the new agents.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    user: &UserId,
    before: &BTreeMap<AgentId, Agent>,
    after: &BTreeMap<AgentId, Agent>,
) -> Result<(), StoreError> {
    let changed: Vec<_> = after
        .iter()
        .map(|(id, agent)| (before.get(id), agent))
        .filter(|(before, agent)| *before != Some(*agent))
        .map(|(before, agent)| (agent, before.is_none()))
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let new = changed.iter().filter(|(_, is_new)| *is_new).count();
    let write = Prepared(WriteAgents::of(user, &changed));
    let added: i64 = write.get_result(connection).await?;
    if usize::try_from(added) == Ok(new) {
        Ok(())
    } else {
        Err(StoreError::Overtaken)
    }
}
