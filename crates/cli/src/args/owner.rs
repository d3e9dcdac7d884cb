use clap::Args;
use tasktrail::write::{Actor, ActorKind, Note};
use tasktrail::{DatabaseManager, Orchestrator, UserId};

use crate::failure::Failure;

/// Whose agents and tasks a command works with.
#[derive(Debug, Clone, Args)]
pub(crate) struct OwnerArgs {
    /// Owner of the agents and tasks.
    #[arg(long, value_name = "USER", default_value = "default")]
    pub(crate) owner: UserId,
}

/// Who writes, for the audit log.
#[derive(Debug, Clone, Args)]
pub(crate) struct ActorArgs {
    /// Who writes, for the audit log: user:NAME, agent:NAME, service:NAME or system:NAME.
    ///
    /// Default: user: and the name of the user in the environment variable USER.
    #[arg(long, value_name = "ACTOR")]
    actor: Option<Actor>,

    /// Why, for people who read the audit log: 1 to 255 bytes.
    #[arg(long, value_name = "TEXT")]
    note: Option<Note>,
}

impl ActorArgs {
    /// What writes to the store for this actor.
    pub(crate) fn orchestrator(
        &self,
        manager: &DatabaseManager,
    ) -> Result<Orchestrator<'static>, Failure> {
        let actor = match &self.actor {
            Some(actor) => actor.clone(),
            None => Actor::new(ActorKind::User, user_name())?,
        };
        Ok(manager.orchestration(actor)?.with_note(self.note.clone()))
    }
}

fn user_name() -> String {
    let name = std::env::var("USER").ok();
    let name = name.filter(|name| !name.is_empty());
    name.unwrap_or_else(|| "unknown".to_owned())
}
