//! Random writes to all ports, to run on two stores and compare the results.
//!
//! The values come from small domains, so that writes often concern the same agents and tasks, and
//! repeat or contradict each other. The time of the writes moves on, and sometimes back.

mod agents;
mod dispatch;
mod perform;
mod strategy;
mod tasks;
mod values;

use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentChanges, Heartbeat, Registration, StateRequest,
};
use tasktrail_domain::orchestration::audit::{AuditEntry, NewAuditEntry};
use tasktrail_domain::orchestration::dispatch::{Claim, Report};
use tasktrail_domain::orchestration::task::{
    CancelScope, Dependency, TaskChanges, TaskPlan, TaskRetention,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey, AttemptKey};
use tasktrail_domain::repository::{Effect, ErrorKind, Operation, PageRequest};
use tasktrail_domain::write::WriteContext;
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

pub use self::perform::perform;
pub use self::strategy::action;
use super::Orchestration;
use super::soundness::Content;
use crate::fixture::{USERS, user};

/// A call that may change something.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the arguments are those of the methods")]
pub enum Action {
    /// `heartbeat`.
    Heartbeat(Heartbeat),
    /// `remove_expired` of tasks.
    RemoveExpired {
        retention: TaskRetention,
        batch: PageRequest<TaskKey>,
    },
    /// A write with a context.
    Write(WriteContext, Write),
}

/// A write, by its method.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the variants are the methods of the ports")]
pub enum Write {
    Register(Registration),
    UpdateAgent(AgentKey, AgentChanges),
    SetState(AgentKey, StateRequest),
    Apply(UserId, AgentBatch),
    Create(UserId, TaskPlan),
    UpdateTask(TaskKey, TaskChanges),
    AddDependencies(TaskKey, Vec<Dependency>),
    RemoveDependencies(TaskKey, Vec<TaskId>),
    Cancel(TaskKey, CancelScope),
    Resume(TaskKey, Document),
    Claim(Claim),
    Assign(TaskKey, AgentId),
    Start(AttemptKey, Which),
    Report(Report, Which),
    Reap,
    Record(NewAuditEntry),
}

/// Which attempt at a task is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The latest one, if the task has one.
    Latest,
    /// The one that is named.
    Named,
}

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The outcome, as JSON.
    Returned(String),
    /// The call failed.
    Failed(ErrorKind, Effect, Operation),
}

/// What was done so far, for later actions to repeat or to contradict it. It does not predict
/// results.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    actions: Vec<Action>,
    /// The time of the last write, in seconds.
    now: u64,
}

impl Sent {
    /// Adds an action.
    pub fn add(&mut self, action: &Action) {
        if let Action::Write(context, _) = action {
            let seconds = values::seconds(context.at);
            self.now = self.now.max(seconds);
        }
        self.actions.push(action.clone());
    }
}

/// Reads everything that alice and bob have. The positions in the audit log, which a store may
/// choose, are omitted; their order is kept.
pub async fn contents(orchestration: &Orchestration) -> Vec<Content> {
    let mut contents = Vec::new();
    for owner in USERS.map(user) {
        let mut content = Content::read(orchestration, &owner).await;
        let without_position = |entry: &mut AuditEntry| entry.position = 0;
        content.entries.iter_mut().for_each(without_position);
        contents.push(content);
    }
    contents
}
