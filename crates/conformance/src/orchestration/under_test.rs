//! The ports under test, with methods that panic on an error.

mod agents;
mod dispatch;
mod log;
mod tasks;

use std::sync::Arc;

use tasktrail_domain::orchestration::agent::AgentRepository;
use tasktrail_domain::orchestration::audit::AuditLogRepository;
use tasktrail_domain::orchestration::dispatch::DispatchRepository;
use tasktrail_domain::orchestration::task::TaskRepository;
use tasktrail_domain::task_history::TaskHistoryRepository;

/// The ports under test, which share one store. Clones share it, too.
///
/// Its methods are those of the ports. Each panics on an error; use the fields for calls that may
/// fail.
#[derive(Debug, Clone)]
pub struct Orchestration {
    /// The agents.
    pub agents: Arc<dyn AgentRepository>,
    /// The tasks.
    pub tasks: Arc<dyn TaskRepository>,
    /// The dispatch.
    pub dispatch: Arc<dyn DispatchRepository>,
    /// The audit log.
    pub audit_log: Arc<dyn AuditLogRepository>,
    /// The task history of the same store, in which tasks that end are finished.
    pub history: Arc<dyn TaskHistoryRepository>,
}
