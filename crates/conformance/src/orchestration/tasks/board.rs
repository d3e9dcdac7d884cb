//! The tasks of alice, with an agent that can do all of them.

mod steps;

use std::sync::Mutex;

use serde_json::Value;
use tasktrail_domain::orchestration::TaskState;
use tasktrail_domain::orchestration::agent::Registration;
use tasktrail_domain::orchestration::audit::Change;
use tasktrail_domain::orchestration::task::{
    CancelOutcome, CancelScope, Dependency, DependencyChange, NewTask, PlanOutcome, ResumeOutcome,
    Task, TaskChange, TaskChanges, TaskProgress,
};
use tasktrail_domain::task_history::TaskStatus;
use tasktrail_domain::timestamp::Timestamp;
use tasktrail_domain::write::WriteContext;

use crate::fixture::{task, user};
use crate::orchestration::Orchestration;
use crate::orchestration::fixture::{
    EditRegistration, Writes, document, plan, registration, task_ids,
};
use crate::orchestration::soundness::assert_sound;

/// The tasks of alice. Each method that writes is one write, or a few, each one second later.
#[derive(Debug)]
pub struct Board<'p> {
    /// The ports.
    pub ports: &'p Orchestration,
    /// The writes of the case.
    pub writes: Writes,
    last: Mutex<Option<WriteContext>>,
}

/// The agent of a [`Board`], which fits tasks without required capabilities.
#[must_use]
pub fn worker() -> Registration {
    registration("worker")
        .with_capacity(1000)
        .with_lease(86_400)
}

impl<'p> Board<'p> {
    /// Registers the agent.
    pub async fn of(ports: &'p Orchestration) -> Self {
        let writes = Writes::default();
        ports.given_agent(&writes, &worker()).await;
        let last = Mutex::default();
        Self {
            ports,
            writes,
            last,
        }
    }

    /// Returns the context of the next write.
    pub fn next(&self) -> WriteContext {
        self.following(self.writes.next())
    }

    /// Makes a context that of the last write.
    fn following(&self, context: WriteContext) -> WriteContext {
        *self.last.lock().unwrap() = Some(context.clone());
        context
    }

    /// Returns the context of the last write.
    pub fn last(&self) -> WriteContext {
        self.last.lock().unwrap().clone().unwrap()
    }

    /// Returns the entries of the last write in the audit log.
    pub async fn changes(&self) -> Vec<Change> {
        self.ports.changes_of(&self.last()).await
    }
}

/// The writes of the port of tasks.
impl Board<'_> {
    /// Creates tasks.
    pub async fn create(&self, tasks: impl IntoIterator<Item = NewTask>) -> PlanOutcome {
        let (next, plan) = (self.next(), plan(tasks));
        self.ports.create(&next, &user("alice"), &plan).await
    }

    /// Creates tasks of which none exists.
    pub async fn given(&self, tasks: impl IntoIterator<Item = NewTask>) {
        let created = self.create(tasks).await;
        let new = matches!(created, PlanOutcome::Created { .. });
        assert!(new, "{created:?}");
    }

    /// Updates a task.
    pub async fn update(&self, id: &str, changes: &TaskChanges) -> TaskChange {
        let next = self.next();
        self.ports.update_task(&next, &task(id), changes).await
    }

    /// Adds dependencies.
    pub async fn add(
        &self,
        id: &str,
        dependencies: impl IntoIterator<Item = Dependency>,
    ) -> DependencyChange {
        let dependencies: Vec<_> = dependencies.into_iter().collect();
        let next = self.next();
        self.ports
            .add_dependencies(&next, &task(id), &dependencies)
            .await
    }

    /// Removes dependencies.
    pub async fn remove<const N: usize>(
        &self,
        id: &str,
        prerequisites: [&str; N],
    ) -> DependencyChange {
        let (next, prerequisites) = (self.next(), task_ids(prerequisites));
        self.ports
            .remove_dependencies(&next, &task(id), &prerequisites)
            .await
    }

    /// Cancels a task.
    pub async fn cancel(&self, id: &str) -> CancelOutcome {
        let next = self.next();
        self.ports.cancel(&next, &task(id), CancelScope::Task).await
    }

    /// Cancels a task and its descendants.
    pub async fn cancel_with_descendants(&self, id: &str) -> CancelOutcome {
        let (next, scope) = (self.next(), CancelScope::Descendants);
        self.ports.cancel(&next, &task(id), scope).await
    }

    /// Resumes a task.
    pub async fn resume(&self, id: &str, answers: &Value) -> ResumeOutcome {
        let (next, answers) = (self.next(), document(answers));
        self.ports.resume(&next, &task(id), &answers).await
    }
}

/// The reads of the ports.
impl Board<'_> {
    /// Returns an existing task.
    pub async fn get(&self, id: &str) -> Task {
        self.ports.task(&task(id)).await
    }

    /// Returns the progress of a task.
    pub async fn progress(&self, id: &str) -> TaskProgress {
        self.get(id).await.progress
    }

    /// Returns the state of a task.
    pub async fn state(&self, id: &str) -> TaskState {
        self.progress(id).await.state
    }

    /// Returns the states of tasks.
    pub async fn states<const N: usize>(&self, ids: [&str; N]) -> [TaskState; N] {
        let mut states = [TaskState::Blocked; N];
        for (state, id) in states.iter_mut().zip(ids) {
            *state = self.state(id).await;
        }
        states
    }

    /// Returns the final status of a task in the task history, and the time of its finish.
    pub async fn finish_of(&self, id: &str) -> Option<(TaskStatus, Timestamp)> {
        let summary = self.ports.history.summary(&task(id)).await.unwrap()?;
        Some((summary.status, summary.finished_at?))
    }

    /// Returns the number of open executions of the agent.
    pub async fn occupied(&self) -> u32 {
        self.ports
            .agent(&worker().agent)
            .await
            .presence
            .open_executions
    }

    /// Panics unless everything of alice fits together.
    pub async fn assert_sound(&self) {
        assert_sound(self.ports, &user("alice")).await;
    }
}
