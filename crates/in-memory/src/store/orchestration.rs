//! The agents, tasks, executions and audit logs of all owners.

mod agents;
mod audit_log;
mod closing;
mod dispatch;
mod executions;
mod owner;
mod owners;
mod purpose;
mod queues;
mod settling;
mod task_lists;
mod task_table;
mod tasks;
mod write;

pub(crate) use self::owner::Owner;
pub(crate) use self::owners::Owners;
pub(crate) use self::purpose::{Purpose, Subject};
pub(crate) use self::tasks::ExpiredBatch;
pub(crate) use self::write::{EndedTask, Write};
