use serde::{Deserialize, Serialize};

use super::{AgentChange, AgentChanges, AgentDescription, Registered, StateRequest};
use crate::InvalidValue;
use crate::orchestration::{AgentId, Instance};

/// One change of an agent, as part of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentCommand {
    /// Registers an agent.
    Register {
        /// The agent.
        agent: AgentId,
        /// The run of its process.
        instance: Instance,
        /// Its description of itself.
        description: AgentDescription,
    },
    /// Changes the description of an agent.
    Update {
        /// The agent.
        agent: AgentId,
        /// The changes.
        changes: AgentChanges,
    },
    /// Changes the state of an agent.
    SetState {
        /// The agent.
        agent: AgentId,
        /// The requested state.
        request: StateRequest,
    },
}

impl AgentCommand {
    /// Returns the agent.
    #[must_use]
    pub const fn agent(&self) -> &AgentId {
        match self {
            Self::Register { agent, .. }
            | Self::Update { agent, .. }
            | Self::SetState { agent, .. } => agent,
        }
    }
}

/// Whether a batch needs each of its commands to succeed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyMode {
    /// All commands are applied, or none is.
    #[default]
    Whole,
    /// Each command is applied or not, whatever happens to the others.
    Itemised,
}

/// 1 to 1000 commands for agents of one owner, which are applied in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentBatch {
    mode: ApplyMode,
    commands: Vec<AgentCommand>,
}

impl AgentBatch {
    /// Maximum number of commands.
    pub const MAX_COMMANDS: usize = 1000;

    /// Creates a batch.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] without a command, or with more than [`MAX_COMMANDS`](Self::MAX_COMMANDS).
    pub fn new(mode: ApplyMode, commands: Vec<AgentCommand>) -> Result<Self, InvalidValue> {
        if commands.is_empty() || commands.len() > Self::MAX_COMMANDS {
            return Err(InvalidValue::new("commands", "1 to 1000", commands.len()));
        }
        Ok(Self { mode, commands })
    }

    /// Returns whether the batch needs each command to succeed.
    #[must_use]
    pub const fn mode(&self) -> ApplyMode {
        self.mode
    }

    /// Returns the commands, in the order given.
    #[must_use]
    pub fn commands(&self) -> &[AgentCommand] {
        &self.commands
    }
}

/// The result of a batch of commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum ApplyOutcome {
    /// The batch was applied, with the outcome of each command in the order given.
    Applied {
        /// One for each command.
        outcomes: Vec<CommandOutcome>,
    },
    /// With [`ApplyMode::Whole`]: nothing was applied, because a command cannot be.
    Refused {
        /// The position of the first such command, from 0.
        index: usize,
        /// Its outcome.
        reason: CommandOutcome,
    },
}

/// The result of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandOutcome {
    /// Of [`AgentCommand::Register`].
    Registered(Registered),
    /// Of the other commands.
    Change(AgentChange),
}

impl CommandOutcome {
    /// Returns whether the command was applied.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        matches!(
            self,
            Self::Registered(_) | Self::Change(AgentChange::Changed { .. })
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orchestration::{AgentState, Version};

    fn drain(agent: &str) -> AgentCommand {
        let (agent, request) = (agent.parse().unwrap(), StateRequest::Drain);
        AgentCommand::SetState { agent, request }
    }

    #[test]
    fn batch_has_1_to_1000_commands() {
        let of = |count: usize| AgentBatch::new(ApplyMode::Itemised, vec![drain("a"); count]);

        let batch = of(AgentBatch::MAX_COMMANDS).unwrap();
        assert_eq!(
            (batch.mode(), batch.commands().len()),
            (ApplyMode::Itemised, 1000)
        );
        assert_eq!(of(1).unwrap().commands(), [drain("a")]);
        assert_eq!(
            of(0).unwrap_err().to_string(),
            "commands must be 1 to 1000, got 0"
        );
        assert_eq!(
            of(1001).unwrap_err().to_string(),
            "commands must be 1 to 1000, got 1001"
        );
    }

    #[test]
    fn only_registered_and_changed_agents_are_applied() {
        let applied = [
            CommandOutcome::Registered(Registered::new(true, Version::DEFAULT)),
            CommandOutcome::Change(AgentChange::Changed {
                state: AgentState::Active,
                version: Version::DEFAULT,
                released: vec![],
            }),
        ];
        let not_applied = [
            AgentChange::Stale {
                version: Version::DEFAULT,
            },
            AgentChange::Refused {
                state: AgentState::Retired,
            },
            AgentChange::Busy { open_executions: 1 },
            AgentChange::Unknown,
        ];

        assert!(applied.iter().all(CommandOutcome::is_applied));
        let mut not_applied = not_applied.into_iter().map(CommandOutcome::Change);
        assert!(not_applied.all(|outcome| !outcome.is_applied()));
    }
}
