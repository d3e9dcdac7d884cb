use std::fmt;

use tasktrail_domain::TaskKey;
use tasktrail_domain::orchestration::agent::{Heartbeat, HeartbeatOutcome, HeldAttempt};
use tasktrail_domain::orchestration::dispatch::{
    Claim, ClaimLimit, ClaimOutcome, ClaimedTask, Report, ReportOutcome, StartOutcome,
};
use tasktrail_domain::orchestration::{AgentKey, AttemptKey, Instance};
use tasktrail_domain::write::{Actor, ActorKind, ActorName};

use super::{OrchestrationPorts, Orchestrator, Result};

/// A registered process of an agent: it sends heartbeats, claims tasks and reports.
///
/// Its writes have the agent as their actor. Nothing runs in the background: call
/// [`heartbeat`](Self::heartbeat) at least three times during a lease. Or call
/// [`heartbeat_with`](Self::heartbeat_with), and stop the attempts that it returns.
#[derive(Clone)]
pub struct RegisteredAgent<'c> {
    orchestrator: Orchestrator<'c>,
    agent: AgentKey,
    instance: Instance,
}

impl<'c> RegisteredAgent<'c> {
    pub(super) fn new(orchestrator: Orchestrator<'c>, agent: AgentKey, instance: Instance) -> Self {
        // Never fails: the id of an agent has the limits of a name.
        let name = ActorName::new(agent.agent.as_str());
        let actor = name.map(|name| Actor {
            kind: ActorKind::Agent,
            name,
        });
        let orchestrator = match actor {
            Ok(actor) => orchestrator.acting_as(actor),
            Err(_invalid) => orchestrator,
        };
        Self {
            orchestrator,
            agent,
            instance,
        }
    }

    /// Returns the same process, with other ports.
    pub(crate) fn on<'p>(&self, ports: OrchestrationPorts<'p>) -> RegisteredAgent<'p> {
        RegisteredAgent {
            orchestrator: self.orchestrator.on(ports),
            agent: self.agent.clone(),
            instance: self.instance,
        }
    }

    /// Returns the agent.
    #[must_use]
    pub const fn key(&self) -> &AgentKey {
        &self.agent
    }

    /// Returns the run of its process.
    #[must_use]
    pub const fn instance(&self) -> Instance {
        self.instance
    }

    /// Returns the key of an attempt at a task that it claimed.
    #[must_use]
    pub fn attempt(&self, claimed: &ClaimedTask) -> AttemptKey {
        let task = TaskKey {
            user: self.agent.user.clone(),
            task: claimed.task.clone(),
        };
        AttemptKey::new(task, claimed.attempt)
    }

    /// Extends the lease.
    ///
    /// # Errors
    ///
    /// Those of [`AgentRepository::heartbeat`](crate::orchestration::agent::AgentRepository::heartbeat).
    pub async fn heartbeat(&self) -> Result<HeartbeatOutcome> {
        self.send(self.new_heartbeat()).await
    }

    /// Extends the lease, and compares the attempts that the agent holds with those of the store.
    ///
    /// # Errors
    ///
    /// As for [`heartbeat`](Self::heartbeat).
    pub async fn heartbeat_with(&self, held: Vec<HeldAttempt>) -> Result<HeartbeatOutcome> {
        self.send(self.new_heartbeat().with_held(held)).await
    }

    fn new_heartbeat(&self) -> Heartbeat {
        let now = self.orchestrator.clock.now();
        Heartbeat::new(self.agent.clone(), self.instance, now)
    }

    async fn send(&self, heartbeat: Heartbeat) -> Result<HeartbeatOutcome> {
        let agents = &self.orchestrator.ports.agents;
        Ok(agents.heartbeat(&heartbeat).await?)
    }

    /// Claims up to `limit` tasks.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::claim`](crate::orchestration::dispatch::DispatchRepository::claim).
    pub async fn claim(&self, limit: ClaimLimit) -> Result<ClaimOutcome> {
        let claim = Claim::new(self.agent.clone(), self.instance).with_limit(limit);
        let context = self.orchestrator.context();
        Ok(self
            .orchestrator
            .ports
            .dispatch
            .claim(&context, &claim)
            .await?)
    }

    /// Marks an attempt as running.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::start`](crate::orchestration::dispatch::DispatchRepository::start).
    pub async fn start(&self, attempt: &AttemptKey) -> Result<StartOutcome> {
        let context = self.orchestrator.context();
        Ok(self
            .orchestrator
            .ports
            .dispatch
            .start(&context, attempt)
            .await?)
    }

    /// Closes an attempt with its result.
    ///
    /// # Errors
    ///
    /// Those of [`DispatchRepository::report`](crate::orchestration::dispatch::DispatchRepository::report).
    pub async fn report(&self, report: &Report) -> Result<ReportOutcome> {
        let context = self.orchestrator.context();
        Ok(self
            .orchestrator
            .ports
            .dispatch
            .report(&context, report)
            .await?)
    }
}

impl fmt::Debug for RegisteredAgent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredAgent")
            .field("agent", &self.agent)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
