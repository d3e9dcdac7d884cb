use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentCommand, ApplyMode, ApplyOutcome, CommandOutcome,
};

use crate::store::orchestration::write::Write;

impl Write<'_> {
    pub(crate) fn apply_batch(&mut self, batch: &AgentBatch) -> ApplyOutcome {
        let before = (batch.mode() == ApplyMode::Whole).then(|| self.owner.clone());
        let mut outcomes = Vec::new();
        for (index, command) in batch.commands().iter().enumerate() {
            let outcome = self.apply_command(command);
            if let Some(before) = before.as_ref().filter(|_| !outcome.is_applied()) {
                *self.owner = before.clone();
                self.changes.clear();
                self.ended.clear();
                return ApplyOutcome::Refused {
                    index,
                    reason: outcome,
                };
            }
            outcomes.push(outcome);
        }
        ApplyOutcome::Applied { outcomes }
    }

    fn apply_command(&mut self, command: &AgentCommand) -> CommandOutcome {
        match command {
            AgentCommand::Register {
                agent,
                instance,
                description,
            } => CommandOutcome::Registered(self.register(agent, *instance, description)),
            AgentCommand::Update { agent, changes } => {
                CommandOutcome::Change(self.update_agent(agent, changes))
            }
            AgentCommand::SetState { agent, request } => {
                CommandOutcome::Change(self.set_agent_state(agent, *request))
            }
        }
    }
}
