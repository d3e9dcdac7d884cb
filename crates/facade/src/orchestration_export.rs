//! Exports agents, tasks, executions and the audit log of an owner.

mod position;
mod snapshot;

use serde::{Deserialize, Serialize};
use tasktrail_domain::UserId;
use tasktrail_domain::orchestration::agent::Agent;
use tasktrail_domain::orchestration::audit::AuditEntry;
use tasktrail_domain::orchestration::dispatch::Execution;
use tasktrail_domain::orchestration::task::Task;

use self::position::Position;
pub(crate) use self::snapshot::Snapshot;
use crate::DatabaseError;

/// A record of an export. As JSON, an object with its kind: `{"agent": {…}}`.
///
/// Exhaustive, because an export that ignores a record loses data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrchestrationRecord {
    /// An agent.
    Agent(Box<Agent>),
    /// A task, with its dependencies.
    Task(Box<Task>),
    /// An attempt of an agent at a task.
    Execution(Box<Execution>),
    /// An entry of the audit log.
    Audit(Box<AuditEntry>),
}

/// An amount of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrchestrationAmount {
    /// Number of agents.
    pub agents: u64,
    /// Number of tasks.
    pub tasks: u64,
    /// Number of executions.
    pub executions: u64,
    /// Number of entries of the audit log.
    pub audit_entries: u64,
}

impl OrchestrationAmount {
    /// Adds a record to the amount.
    pub fn add(&mut self, record: &OrchestrationRecord) {
        match record {
            OrchestrationRecord::Agent(_) => self.agents += 1,
            OrchestrationRecord::Task(_) => self.tasks += 1,
            OrchestrationRecord::Execution(_) => self.executions += 1,
            OrchestrationRecord::Audit(_) => self.audit_entries += 1,
        }
    }
}

/// A running export of the agents, tasks, executions and audit entries of an owner, as they were when
/// it started.
///
/// The agents come first, by ID, then the tasks, newest first, then the executions of each agent and
/// the audit log, each latest first. While an export on PostgreSQL exists, the server cannot remove
/// dead rows, and migrations wait. So do not keep it open for days.
///
/// An export that ends without an error is complete: the number of tasks is the one that the store
/// counts, and the number of executions is the sum of the attempts of the tasks.
#[derive(Debug)]
pub struct OrchestrationExport {
    snapshot: Snapshot,
    owner: UserId,
    /// `None` at the end, and after an error.
    next: Option<Position>,
    /// The number of tasks that the store counts.
    tasks: u64,
    /// The sum of the attempts of the tasks that were read.
    attempts: u64,
    read: OrchestrationAmount,
}

impl OrchestrationExport {
    pub(crate) async fn begin(
        mut snapshot: Snapshot,
        owner: UserId,
    ) -> Result<Self, DatabaseError> {
        let counts = snapshot.ports()?.counts(&owner).await?;
        Ok(Self {
            snapshot,
            owner,
            next: Some(Position::first()),
            tasks: counts.values().sum(),
            attempts: 0,
            read: OrchestrationAmount::default(),
        })
    }

    /// Returns the number of tasks in the export.
    #[must_use]
    pub fn tasks(&self) -> u64 {
        self.tasks
    }

    /// Returns what was read so far: everything, once [`next_portion`](Self::next_portion) has returned
    /// `None`.
    #[must_use]
    pub fn read(&self) -> OrchestrationAmount {
        self.read
    }

    /// Returns the next records, at most 1000; `None` at the end. A portion may be empty.
    ///
    /// # Errors
    ///
    /// [`Repository`](DatabaseError::Repository) or
    /// [`IncompleteExport`](DatabaseError::IncompleteExport). The error ends the export: the records so
    /// far are incomplete, and later calls return `None`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the export.
    pub async fn next_portion(
        &mut self,
    ) -> Result<Option<Vec<OrchestrationRecord>>, DatabaseError> {
        let Some(position) = self.next.take() else {
            return Ok(None);
        };
        let ports = self.snapshot.ports()?;
        let (records, next) = position.read(&*ports, &self.owner).await?;
        drop(ports);
        for record in &records {
            self.read.add(record);
            if let OrchestrationRecord::Task(task) = record {
                self.attempts += u64::from(task.progress.attempts);
            }
        }
        self.next = next;
        if self.next.is_none() {
            self.check()?;
        }
        Ok(Some(records))
    }

    fn check(&self) -> Result<(), DatabaseError> {
        let read = self.read;
        for (what, counted, read) in [
            ("tasks", self.tasks, read.tasks),
            ("executions", self.attempts, read.executions),
        ] {
            if counted != read {
                return Err(DatabaseError::IncompleteExport {
                    what,
                    counted,
                    read,
                });
            }
        }
        Ok(())
    }
}
