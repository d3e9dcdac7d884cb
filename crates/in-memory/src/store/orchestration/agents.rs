//! What the port of agents does.

mod batch;
mod changes;
mod presence;
mod registration;

use std::ops::Bound;

use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::agent::{Agent, AgentFilter};
use tasktrail_domain::repository::{Page, PageRequest};

use super::owner::Owner;

impl Owner {
    pub(crate) fn agent(&self, id: &AgentId) -> Option<Agent> {
        let mut agent = self.agents.get(id)?.clone();
        agent.presence.open_executions = self.executions.count_open(id);
        Some(agent)
    }

    pub(crate) fn agents(
        &self,
        filter: &AgentFilter,
        page: &PageRequest<AgentId>,
    ) -> Page<Agent, AgentId> {
        let after = page.after.as_ref();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let listed = self
            .agents
            .range::<AgentId, _>((after, Bound::Unbounded))
            .filter(|(_, agent)| filter.accepts(agent))
            .filter_map(|(id, _)| self.agent(id))
            .take(page.size.get() + 1)
            .collect();
        Page::of(listed, page.size, |agent| agent.key.agent.clone())
    }
}
