use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::audit::{Action, EntityId, EntityKind};
use tasktrail_domain::repository::Operation;

/// What a write is for. The same id with another purpose is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purpose {
    method: Operation,
    subject: Subject,
}

/// What a write is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Agent(AgentId),
    Task(TaskId),
    /// A task, and the agent that it is given to.
    Assignment(TaskId, AgentId),
    /// The tasks of a plan.
    Tasks(Vec<TaskId>),
    /// The agents of a batch, one for each command.
    Commands(Vec<AgentId>),
    /// An entry that a service adds itself.
    Entry(Action, EntityKind, EntityId),
    /// All that is reaped.
    Owner,
}

impl Purpose {
    pub(crate) fn new(method: Operation, subject: Subject) -> Self {
        Self { method, subject }
    }

    pub(crate) fn of_agent(method: Operation, agent: &AgentId) -> Self {
        Self::new(method, Subject::Agent(agent.clone()))
    }

    pub(crate) fn of_task(method: Operation, task: &TaskId) -> Self {
        Self::new(method, Subject::Task(task.clone()))
    }

    pub(crate) fn method(&self) -> Operation {
        self.method
    }
}
