//! Orchestration in a transaction.

use std::sync::Arc;

use tasktrail_domain::write::Actor;
#[cfg(feature = "postgres")]
use tasktrail_resilience::Guarded;

#[cfg(feature = "postgres")]
use super::no_transaction;
use super::{Begun, Result, Transaction};
use crate::orchestrator::{OrchestrationPorts, Orchestrator, RegisteredAgent};

impl Transaction {
    /// Returns orchestration in this transaction, with the manager's clock and ids, and `actor` as
    /// the author of each write: like
    /// [`DatabaseManager::orchestration`](crate::DatabaseManager::orchestration).
    ///
    /// Its calls run one after the other. They are not retried and have no time limit of their own:
    /// that of the transaction applies. Until the transaction ends, a write keeps its tasks locked,
    /// and the tasks that depend on one that it ends. A claim, an assignment and the end of an attempt
    /// keep the agent locked: its heartbeats and other claims wait. In memory, a write locks all agents
    /// and tasks of its owner.
    ///
    /// The result borrows the transaction until it is dropped: use it in one expression, as in the
    /// example, or in a block.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    ///
    /// ```
    /// use tasktrail::orchestration::task::TaskPlan;
    /// use tasktrail::task_history::{StepNumber, TaskStatus, TaskStepResult};
    /// use tasktrail::{DatabaseError, DatabaseManager, TaskKey};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let manager = DatabaseManager::in_memory();
    /// let task = TaskKey::new("default", "build")?;
    /// let plan: TaskPlan =
    ///     serde_json::from_str(r#"{"tasks": [{"id": "build", "title": "Build"}]}"#)?;
    /// let requested = TaskStepResult::builder("request", TaskStatus::Pending).build()?;
    ///
    /// // The task and the first step of its history exist together, or not at all.
    /// manager
    ///     .transaction(async |transaction| {
    ///         let release = "service:release".parse()?;
    ///         transaction.orchestration(release)?.create(&task.user, &plan).await?;
    ///         transaction.save_task_history(&task, StepNumber::from(0), requested).await?;
    ///         Ok::<(), Box<dyn std::error::Error>>(())
    ///     })
    ///     .await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn orchestration(&mut self, actor: Actor) -> Result<Orchestrator<'_>> {
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        let ports = self.orchestration_ports()?;
        Ok(Orchestrator::new(ports, clock, ids, actor))
    }

    /// Returns the process of an agent in this transaction: what it claims and reports is committed
    /// together with the rest. The rules of [`orchestration`](Self::orchestration) apply.
    ///
    /// So the report of an attempt and the rows that its work has changed exist together, or not at
    /// all. If [`report`](RegisteredAgent::report) returns
    /// [`Superseded`](tasktrail_domain::orchestration::dispatch::ReportOutcome::Superseded), the agent
    /// has lost the task: return an error, to undo the rest.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    pub fn agent(&mut self, agent: &RegisteredAgent<'_>) -> Result<RegisteredAgent<'_>> {
        Ok(agent.on(self.orchestration_ports()?))
    }

    /// Returns the four ports of orchestration in this transaction, for reads, and for writes with a
    /// context of your own. The rules of [`orchestration`](Self::orchestration) apply.
    ///
    /// # Errors
    ///
    /// As for [`task_history`](Self::task_history).
    pub fn orchestration_ports(&mut self) -> Result<OrchestrationPorts<'_>> {
        match &mut self.begun {
            #[cfg(feature = "in-memory")]
            Begun::InMemory(transaction) => Ok(OrchestrationPorts::of(transaction.orchestration())),
            #[cfg(feature = "postgres")]
            Begun::Postgres(transaction, observe) => {
                let orchestration = transaction.orchestration().map_err(no_transaction)?;
                Ok(OrchestrationPorts::of(Guarded::new(
                    orchestration,
                    *observe,
                )))
            }
        }
    }
}
