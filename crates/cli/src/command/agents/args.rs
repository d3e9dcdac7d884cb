use clap::Args;
use tasktrail::orchestration::{AgentId, AgentKey};

use crate::args::{ActorArgs, OwnerArgs};

/// The arguments that identify an agent.
#[derive(Debug, Args)]
pub(super) struct AgentArgs {
    /// ID of the agent.
    pub(super) agent: AgentId,

    #[command(flatten)]
    pub(super) owner: OwnerArgs,
}

impl AgentArgs {
    pub(super) fn key(&self) -> AgentKey {
        AgentKey {
            user: self.owner.owner.clone(),
            agent: self.agent.clone(),
        }
    }
}

/// The arguments of a change of an agent.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    pub(super) agent: AgentArgs,

    #[command(flatten)]
    pub(super) actor: ActorArgs,
}
