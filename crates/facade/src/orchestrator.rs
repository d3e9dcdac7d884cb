//! Orchestration with the current time, new write ids and a fixed actor.

mod registered_agent;

use std::fmt;
use std::sync::Arc;

use tasktrail_domain::clock::Clock;
use tasktrail_domain::id::IdGenerator;
use tasktrail_domain::orchestration::agent::{
    AgentBatch, AgentChange, AgentChanges, AgentDescription, AgentRepository, ApplyOutcome,
    Registered, Registration, StateRequest,
};
use tasktrail_domain::orchestration::audit::{AuditLogRepository, NewAuditEntry};
use tasktrail_domain::orchestration::dispatch::{
    AssignOutcome, DispatchRepository, QueueLoad, ReapLimit, ReapedAttempt,
};
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, PlanOutcome, ResumeOutcome,
    TaskChange, TaskChanges, TaskPlan, TaskRepository,
};
use tasktrail_domain::orchestration::{AgentId, AgentKey, Instance};
use tasktrail_domain::write::{Actor, Note, WriteContext};
use tasktrail_domain::{Document, TaskId, TaskKey, UserId};

pub use self::registered_agent::RegisteredAgent;
use crate::DatabaseError;

type Result<T> = std::result::Result<T, DatabaseError>;

/// The four ports of orchestration, on one store.
///
/// The lifetime is that of the [transaction](crate::Transaction) in which they work, and `'static`
/// outside of one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OrchestrationPorts<'c> {
    /// Which agents exist, what they can do, and whether they are alive.
    pub agents: Arc<dyn AgentRepository + 'c>,
    /// Tasks, what they need, and what they depend on.
    pub tasks: Arc<dyn TaskRepository + 'c>,
    /// Who executes which task.
    pub dispatch: Arc<dyn DispatchRepository + 'c>,
    /// Who changed what.
    pub audit_log: Arc<dyn AuditLogRepository + 'c>,
}

impl<'c> OrchestrationPorts<'c> {
    /// The ports of a repository that implements all four.
    pub(crate) fn of<R>(repository: R) -> Self
    where
        R: AgentRepository + TaskRepository + DispatchRepository + AuditLogRepository + 'c,
    {
        let repository = Arc::new(repository);
        Self {
            agents: Arc::<R>::clone(&repository),
            tasks: Arc::<R>::clone(&repository),
            dispatch: Arc::<R>::clone(&repository),
            audit_log: repository,
        }
    }
}

/// Writes to the ports of orchestration for one actor, with the current time and new write ids.
///
/// [`DatabaseManager::orchestration`](crate::DatabaseManager::orchestration) returns it with the
/// lifetime `'static`, and [`Transaction::orchestration`](crate::Transaction::orchestration) with
/// that of the transaction. Reads, and writes with a write id of your own, are those of the
/// [ports](Self::ports).
///
/// Outside of a transaction, a failed call is retried with the same write id if that is safe. If the
/// [effect](crate::repository::Effect) of an error is unknown, the write may have been applied; to
/// repeat it yourself without a second effect, create a [context](Self::context) and use the port.
///
/// Cheap to clone. Like every port, it ends with the [`close`](crate::DatabaseManager::close) of its
/// manager.
#[derive(Clone)]
pub struct Orchestrator<'c> {
    ports: OrchestrationPorts<'c>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    actor: Actor,
    note: Option<Note>,
}

impl<'c> Orchestrator<'c> {
    pub(crate) fn new(
        ports: OrchestrationPorts<'c>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
        actor: Actor,
    ) -> Self {
        Self {
            ports,
            clock,
            ids,
            actor,
            note: None,
        }
    }

    /// Returns one that writes to other ports.
    fn on<'p>(&self, ports: OrchestrationPorts<'p>) -> Orchestrator<'p> {
        Orchestrator {
            ports,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            actor: self.actor.clone(),
            note: self.note.clone(),
        }
    }

    /// Returns one that writes for another actor.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            actor,
            ..self.clone()
        }
    }

    /// Returns one whose writes have a note, for people who read the audit log.
    #[must_use]
    pub fn with_note(&self, note: impl Into<Option<Note>>) -> Self {
        Self {
            note: note.into(),
            ..self.clone()
        }
    }

    /// Returns the ports, for reads, and for writes with a context of your own.
    #[must_use]
    pub const fn ports(&self) -> &OrchestrationPorts<'c> {
        &self.ports
    }

    /// Creates the context of a new write: a new id, the actor, the current time and the note.
    #[must_use]
    pub fn context(&self) -> WriteContext {
        let now = self.clock.now();
        WriteContext::new(self.ids.next(now), self.actor.clone(), now).with_note(self.note.clone())
    }

    /// Registers a new process of an agent, which takes over from a previous process.
    ///
    /// The result sends heartbeats, claims tasks and reports for this process.
    ///
    /// # Errors
    ///
    /// Those of [`AgentRepository::register`].
    pub async fn register(
        &self,
        agent: &AgentKey,
        description: AgentDescription,
    ) -> Result<(RegisteredAgent<'c>, Registered)> {
        let instance = Instance::from(self.ids.next(self.clock.now()));
        let registration = Registration::new(agent.clone(), instance, description);
        let registered = self
            .ports
            .agents
            .register(&self.context(), &registration)
            .await?;
        Ok((self.agent(agent.clone(), instance), registered))
    }

    /// Returns a process of an agent that has registered already.
    #[must_use]
    pub fn agent(&self, agent: AgentKey, instance: Instance) -> RegisteredAgent<'c> {
        RegisteredAgent::new(self.clone(), agent, instance)
    }

    /// Changes the description of an agent.
    ///
    /// # Errors
    ///
    /// Those of [`AgentRepository::update`].
    pub async fn update_agent(
        &self,
        agent: &AgentKey,
        changes: &AgentChanges,
    ) -> Result<AgentChange> {
        Ok(self
            .ports
            .agents
            .update(&self.context(), agent, changes)
            .await?)
    }

    /// Drains, resumes or retires an agent.
    ///
    /// # Errors
    ///
    /// Those of [`AgentRepository::set_state`].
    pub async fn set_agent_state(
        &self,
        agent: &AgentKey,
        request: StateRequest,
    ) -> Result<AgentChange> {
        Ok(self
            .ports
            .agents
            .set_state(&self.context(), agent, request)
            .await?)
    }

    /// Applies commands for agents of one owner.
    ///
    /// # Errors
    ///
    /// Those of [`AgentRepository::apply`].
    pub async fn apply(&self, user: &UserId, batch: &AgentBatch) -> Result<ApplyOutcome> {
        Ok(self
            .ports
            .agents
            .apply(&self.context(), user, batch)
            .await?)
    }

    /// Creates the tasks of a plan.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::create`].
    pub async fn create(&self, user: &UserId, plan: &TaskPlan) -> Result<PlanOutcome> {
        Ok(self.ports.tasks.create(&self.context(), user, plan).await?)
    }

    /// Changes the definition of a task.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::update`].
    pub async fn update_task(&self, task: &TaskKey, changes: &TaskChanges) -> Result<TaskChange> {
        Ok(self
            .ports
            .tasks
            .update(&self.context(), task, changes)
            .await?)
    }

    /// Adds dependencies to a task.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::add_dependencies`].
    pub async fn add_dependencies(
        &self,
        task: &TaskKey,
        dependencies: &[Dependency],
    ) -> Result<DependencyChange> {
        let context = self.context();
        let tasks = &self.ports.tasks;
        Ok(tasks.add_dependencies(&context, task, dependencies).await?)
    }

    /// Removes dependencies of a task.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::remove_dependencies`].
    pub async fn remove_dependencies(
        &self,
        task: &TaskKey,
        prerequisites: &[TaskId],
    ) -> Result<DependencyChange> {
        let context = self.context();
        let tasks = &self.ports.tasks;
        Ok(tasks
            .remove_dependencies(&context, task, prerequisites)
            .await?)
    }

    /// Cancels a task.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::cancel`].
    pub async fn cancel(&self, task: &TaskKey, scope: CancelScope) -> Result<CancelOutcome> {
        Ok(self
            .ports
            .tasks
            .cancel(&self.context(), task, scope)
            .await?)
    }

    /// Answers the question of a waiting task.
    ///
    /// # Errors
    ///
    /// Those of [`TaskRepository::resume`].
    pub async fn resume(&self, task: &TaskKey, answers: &Document) -> Result<ResumeOutcome> {
        Ok(self
            .ports
            .tasks
            .resume(&self.context(), task, answers)
            .await?)
    }

    /// Assigns a ready task to an agent.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::assign`].
    pub async fn assign(&self, task: &TaskKey, agent: &AgentId) -> Result<AssignOutcome> {
        Ok(self
            .ports
            .dispatch
            .assign(&self.context(), task, agent)
            .await?)
    }

    /// Closes executions whose agent is offline or whose time limit has passed.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::reap`].
    pub async fn reap(&self, limit: ReapLimit) -> Result<Vec<ReapedAttempt>> {
        Ok(self.ports.dispatch.reap(&self.context(), limit).await?)
    }

    /// Counts the ready tasks of an owner by queue, and those that are due now.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::load`].
    pub async fn load(&self, user: &UserId) -> Result<QueueLoad> {
        Ok(self.ports.dispatch.load(user, self.clock.now()).await?)
    }

    /// Adds an entry of the service to the audit log.
    ///
    /// # Errors
    ///
    /// Those of [`AuditLogRepository::record`].
    pub async fn record(&self, entry: &NewAuditEntry) -> Result<()> {
        Ok(self.ports.audit_log.record(&self.context(), entry).await?)
    }
}

impl fmt::Debug for Orchestrator<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Orchestrator")
            .field("actor", &self.actor)
            .field("note", &self.note)
            .finish_non_exhaustive()
    }
}
