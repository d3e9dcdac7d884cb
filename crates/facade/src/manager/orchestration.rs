//! Orchestration.

use std::sync::Arc;

use tasktrail_domain::UserId;
use tasktrail_domain::write::Actor;

use super::{DatabaseManager, Result};
use crate::orchestration_export::{OrchestrationExport, Snapshot};
use crate::orchestrator::{OrchestrationPorts, Orchestrator};

impl DatabaseManager {
    /// Returns what an orchestrator or an agent works with: agents, tasks, dispatch and the audit
    /// log, with the manager's clock and ids, and `actor` as the author of each write.
    ///
    /// After a [`close`](Self::close) and another [`connect`](Self::connect), call this again.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::DatabaseError::NotConnected) or
    /// [`Closed`](crate::DatabaseError::Closed).
    ///
    /// ```
    /// use tasktrail::orchestration::agent::AgentDescription;
    /// use tasktrail::orchestration::dispatch::{AttemptResult, ClaimLimit, ClaimOutcome, Report};
    /// use tasktrail::orchestration::task::TaskPlan;
    /// use tasktrail::orchestration::AgentKey;
    /// use tasktrail::{DatabaseManager, UserId};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let manager = DatabaseManager::in_memory();
    /// let orchestrator = manager.orchestration("service:release".parse()?)?;
    ///
    /// let plan: TaskPlan = serde_json::from_str(
    ///     r#"{"tasks": [{"id": "build", "title": "Build"},
    ///                   {"id": "test", "title": "Test", "dependencies": ["build"]}]}"#,
    /// )?;
    /// orchestrator.create(&UserId::new("default")?, &plan).await?;
    ///
    /// let key = AgentKey::new("default", "builder-1")?;
    /// let description = AgentDescription::new("code".parse()?, "Builder".parse()?);
    /// let (agent, _) = orchestrator.register(&key, description).await?;
    /// while let ClaimOutcome::Claimed { tasks } = agent.claim(ClaimLimit::DEFAULT).await? {
    ///     for task in &tasks {
    ///         println!("{}: {}", task.task, task.definition.title);
    ///         let report = Report::new(agent.attempt(task), AttemptResult::Completed);
    ///         agent.report(&report).await?;
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn orchestration(&self, actor: Actor) -> Result<Orchestrator<'static>> {
        let ports = self.orchestration_ports()?;
        let (clock, ids) = (Arc::clone(&self.0.clock), Arc::clone(&self.0.ids));
        Ok(Orchestrator::new(ports, clock, ids, actor))
    }

    /// Starts an export of the agents, tasks, executions and audit entries of an owner.
    ///
    /// The export is a snapshot: it does not contain later writes, and does not block them. It uses its
    /// own connection in addition to those of the manager, and continues after the manager is closed.
    /// In memory it is a copy.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::DatabaseError::NotConnected),
    /// [`Closed`](crate::DatabaseError::Closed), `Connect` if its connection cannot be opened, or
    /// [`Repository`](crate::DatabaseError::Repository).
    pub async fn export_orchestration(&self, owner: &UserId) -> Result<OrchestrationExport> {
        let snapshot = Snapshot::take(&self.0.store, &self.0.state.connection()?, owner).await?;
        OrchestrationExport::begin(snapshot, owner.clone()).await
    }

    /// Returns the four ports of orchestration, for reads, and for writes with a context of your own.
    ///
    /// # Errors
    ///
    /// As for [`orchestration`](Self::orchestration).
    pub fn orchestration_ports(&self) -> Result<OrchestrationPorts<'static>> {
        Ok(self.0.state.connection()?.orchestration)
    }
}
