use tasktrail_domain::TaskId;
use tasktrail_domain::orchestration::AgentId;
use tasktrail_domain::orchestration::audit::{Action, EntityId, EntityKind};

/// What a write is about. A write with a known id and another subject is a different write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Agent(AgentId),
    Task(TaskId),
    /// A task, and the agent that it is given to.
    Assignment(TaskId, AgentId),
    /// The tasks of a plan.
    Tasks(Vec<TaskId>),
    /// All that is reaped.
    Owner,
    /// The number of commands of a batch.
    Commands(usize),
    /// A custom entry.
    Entry(Action, EntityKind, EntityId),
}
