use std::collections::BTreeMap;

use tasktrail_domain::orchestration::agent::{Agent, HeldAttempt};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AttemptKey};
use tasktrail_domain::{TaskId, TaskKey, UserId};

use super::audit_log::AuditLog;
use super::executions::Executions;
use super::task_table::TaskTable;

/// What belongs to one owner.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) user: UserId,
    pub(super) agents: BTreeMap<AgentId, Agent>,
    pub(crate) tasks: TaskTable,
    pub(crate) executions: Executions,
    pub(crate) log: AuditLog,
}

impl Owner {
    pub(crate) fn new(user: UserId) -> Self {
        Self {
            user,
            agents: BTreeMap::new(),
            tasks: TaskTable::default(),
            executions: Executions::default(),
            log: AuditLog::default(),
        }
    }

    pub(super) fn agent_key(&self, agent: &AgentId) -> AgentKey {
        AgentKey {
            user: self.user.clone(),
            agent: agent.clone(),
        }
    }

    pub(super) fn task_key(&self, task: &TaskId) -> TaskKey {
        TaskKey {
            user: self.user.clone(),
            task: task.clone(),
        }
    }

    pub(super) fn attempt_key(&self, held: &HeldAttempt) -> AttemptKey {
        AttemptKey::new(self.task_key(&held.task), held.attempt)
    }
}
